import { refused } from "../../../shared/errors.ts";
import type { Component } from "../../../shared/plugin/component.ts";
import { orthonormalBasis, without } from "../../statistics/orthonormal-basis.ts";
import { principalAngles } from "../../statistics/principal-angles.ts";
import { privatePart, sharedPart } from "../../statistics/subspace.ts";
import { norm } from "../../statistics/vectors.ts";

export type Combination = { how: "span" } | { how: "shared"; bound: number } | { how: "private"; bound: number };

function basisOf(parts: readonly Component[], combination: Combination): Float64Array[] {
  const [first, second] = parts.map(({ vectors }) => vectors);
  if (combination.how === "span") return orthonormalBasis(parts.flatMap(({ vectors }) => vectors));
  const part = combination.how === "shared" ? sharedPart : privatePart;
  return part(first ?? [], second ?? [], combination.bound);
}

/** Makes a component of others: their span, or, of two, the part that both share or that is the first's alone (by principal vectors). */
export function combineComponents(name: string, parts: readonly Component[], combination: Combination): Component {
  const [first, second] = parts;
  if (!first) throw refused(`components.${name}: is made of nothing.`);
  const vectors = basisOf(parts, combination).map((row) => Float32Array.from(row));
  const names = parts.map((part) => part.name);
  if (vectors.length === 0) {
    const { cosines } = principalAngles(first.vectors, second?.vectors ?? []);
    const list = cosines.map((cosine) => cosine.toFixed(2)).join(", ");
    const sought = combination.how === "shared" ? "no principal vector in common" : "nothing that is the first's alone";
    throw refused(
      `components.${name}: ${names.join(" and ")} have ${sought} at this bound (their cosines are ${list}).`,
    );
  }
  return {
    name,
    layer: Math.max(...parts.map((part) => part.layer)),
    site: first.site,
    position: parts.every((part) => part.position === first.position) ? first.position : null,
    vectors,
    provenance: { ...first.provenance, method: `${combination.how} of ${names.join(", ")}` },
    foundFrom: null,
  };
}

/** Takes the span of others out of a component; refused where nothing is left. */
export function minusComponents(component: Component, others: readonly Component[]): Component {
  const basis = orthonormalBasis(others.flatMap((other) => other.vectors));
  const names = others.map((other) => other.name).join(", ");
  const vectors = component.vectors
    .map((row) => ({ size: norm(row), rest: without(without(Float64Array.from(row), basis), basis) }))
    .filter(({ size, rest }) => norm(rest) > 1e-3 * size)
    .map(({ rest }) => Float32Array.from(rest));
  if (vectors.length === 0) throw refused(`components.${component.name}: nothing of it is left without ${names}.`);
  const method = `${component.provenance.method}, minus ${names}`;
  return { ...component, vectors, provenance: { ...component.provenance, method } };
}
