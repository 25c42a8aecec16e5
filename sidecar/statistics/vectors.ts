type Vector = ArrayLike<number>;

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** `a` over its length; throws for a zero vector. */
export function unit(a: Vector): Float64Array {
  const length = norm(a);
  if (!(length > 0)) throw new RangeError("A direction needs a length above zero, found a zero vector.");
  return Float64Array.from(a, (x) => x / length);
}

export function cosine(a: Vector, b: Vector): number {
  return dot(a, b) / (norm(a) * norm(b));
}
