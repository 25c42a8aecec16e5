import { basename } from "node:path";

/** What a model is called where its place says it: the demo, or a repository of the Hugging Face cache; `null` elsewhere, where a folder may be called anything. */
export function modelTitle(name: string, path: string): string | null {
  if (name === "demo") return "refract-demo";
  const cached = path.split(/[\\/]/).find((part) => part.startsWith("models--"));
  return cached === undefined ? null : basename(cached.replaceAll("--", "/"));
}
