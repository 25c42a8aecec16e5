import { z } from "zod";

/**
 * What can be set on an experiment, a direction finder or a scorer in a spec, as plain data: the spec's schema, its completion, its
 * messages and `--explain` are made from it, and a plugin needs no schema library.
 */
interface Described {
  /** One sentence, shown in completion. */
  describe: string;
}
type WithDefault<T> = { default: T } | { required: true } | { optional: true };

export type Option = Described &
  (
    | ({ type: "integer"; min?: number; max?: number } & WithDefault<number>)
    | ({ type: "number"; min?: number; max?: number } & WithDefault<number>)
    | ({ type: "boolean" } & WithDefault<boolean>)
    | ({ type: "text" } & WithDefault<string>)
    | ({ type: "choice"; choices: readonly string[] } & WithDefault<string>)
    | ({ type: "integers" } & WithDefault<readonly number[]>)
    | ({ type: "numbers" } & WithDefault<readonly number[]>)
    | ({ type: "texts" } & WithDefault<readonly string[]>)
    /** Names that the spec defines elsewhere; `minItems` of them. */
    | ({
        type: "components" | "prompt-sets" | "conditions" | "scorers";
        minItems?: number;
      } & WithDefault<readonly string[]>)
    | ({ type: "component" | "prompt-set" | "condition" | "scorer" } & WithDefault<string>)
    /** A file or folder, relative to the spec. */
    | ({ type: "file" } & WithDefault<string>)
    | ({ type: "files" } & WithDefault<readonly string[]>)
  );

export type Options = Readonly<Record<string, Option>>;

/** Which list of the spec an option's names point into; null for options that name nothing. */
export function referredList(option: Option): "components" | "prompts" | "conditions" | "scorers" | null {
  switch (option.type) {
    case "component":
    case "components":
      return "components";
    case "prompt-set":
    case "prompt-sets":
      return "prompts";
    case "condition":
    case "conditions":
      return "conditions";
    case "scorer":
    case "scorers":
      return "scorers";
    default:
      return null;
  }
}

function bare(option: Option): z.ZodType {
  switch (option.type) {
    case "integer":
    case "number": {
      let schema = option.type === "integer" ? z.int() : z.number();
      if (option.min !== undefined) schema = schema.min(option.min);
      if (option.max !== undefined) schema = schema.max(option.max);
      return schema;
    }
    case "boolean":
      return z.boolean();
    case "choice":
      return z.enum(option.choices as [string, ...string[]]);
    case "integers":
      return z.array(z.int());
    case "numbers":
      return z.array(z.number());
    case "texts":
    case "files":
      return z.array(z.string());
    case "components":
    case "prompt-sets":
    case "conditions":
    case "scorers":
      return z.array(z.string()).min(option.minItems ?? 1);
    default:
      return z.string();
  }
}

/** The fields of a strict object schema that accepts these options and fills in their defaults. */
export function optionFields(options: Options): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const schema = bare(option).describe(option.describe);
      if ("default" in option) return [name, schema.default(option.default)];
      return [name, "optional" in option ? schema.optional() : schema];
    }),
  );
}

interface OptionValues {
  integer: number;
  number: number;
  boolean: boolean;
  text: string;
  choice: string;
  integers: readonly number[];
  numbers: readonly number[];
  texts: readonly string[];
  components: readonly string[];
  "prompt-sets": readonly string[];
  conditions: readonly string[];
  scorers: readonly string[];
  component: string;
  "prompt-set": string;
  condition: string;
  scorer: string;
  file: string;
  files: readonly string[];
}

/** The values that a spec's options come to, defaults filled in; `undefined` where an optional one was not given. */
export type ValuesOf<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { optional: true }
    ? OptionValues[O[K]["type"]] | undefined
    : OptionValues[O[K]["type"]];
};
