/** Something wrong in a spec file, with its place: 1-based lines and columns, the end exclusive. */
export interface SpecProblem {
  /** A sentence: the field, what was found, what was expected. */
  message: string;
  /** Dotted path of the field, e.g. `experiments.causes.prompts`. */
  field: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** `file:line:column: message`, the form that terminals and editors link. */
export function problemLine(file: string, problem: SpecProblem): string {
  return `${file}:${problem.line}:${problem.column}: ${problem.message}`;
}
