import { z } from "zod";

/**
 * What a result page can draw. A result view returns these as data, so that no foreign script enters a page; the report draws the same.
 * Every shown number carries its interval and n, or says in words why there is none.
 */

/** A number with what it rests on. `value` is null where there is none, and `why` says why. */
export const shownFigureSchema = z.strictObject({
  value: z.number().nullable(),
  low: z.number().nullable().optional(),
  high: z.number().nullable().optional(),
  n: z.number().int().nonnegative().optional(),
  unit: z.string().optional(),
  why: z.string().optional(),
  /** Key into the document's `evidence`: the prompts behind the number. */
  evidence: z.string().optional(),
});
export type ShownFigure = z.infer<typeof shownFigureSchema>;

export const cellSchema = z.union([z.string(), shownFigureSchema]);
export type Cell = z.infer<typeof cellSchema>;

const heading = { title: z.string(), caption: z.string().optional() };

/** Rows of words and figures. */
export const tableBlockSchema = z.strictObject({
  type: z.literal("table"),
  ...heading,
  columns: z.array(z.strictObject({ label: z.string(), unit: z.string().optional() })),
  rows: z.array(z.strictObject({ cells: z.array(cellSchema), evidence: z.string().optional() })),
});
export type TableBlock = z.infer<typeof tableBlockSchema>;

/** A heatmap of figures; control rows (random directions and the like) are set apart below the measured ones. */
export const matrixBlockSchema = z.strictObject({
  type: z.literal("matrix"),
  ...heading,
  unit: z.string(),
  rowLabel: z.string(),
  columnLabel: z.string(),
  rows: z.array(z.strictObject({ label: z.string(), control: z.boolean() })),
  columns: z.array(z.string()),
  /** `[rows][columns]`. */
  cells: z.array(z.array(shownFigureSchema)),
  /** The colour scale's ends; zero is transparent where it is diverging. */
  scale: z.strictObject({ min: z.number(), max: z.number() }),
});
export type MatrixBlock = z.infer<typeof matrixBlockSchema>;

/** Profiles over an axis (most often layers), with intervals as bands and marked places (merge layer, onset). */
export const linesBlockSchema = z.strictObject({
  type: z.literal("lines"),
  ...heading,
  x: z.strictObject({ label: z.string(), values: z.array(z.number()) }),
  y: z.strictObject({
    label: z.string(),
    unit: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
  }),
  series: z.array(
    z.strictObject({
      label: z.string(),
      control: z.boolean(),
      /** One per x; null where there is none. */
      values: z.array(z.number().nullable()),
      low: z.array(z.number().nullable()).optional(),
      high: z.array(z.number().nullable()).optional(),
      n: z.number().int().optional(),
      /** One key per x. */
      evidence: z.array(z.string().nullable()).optional(),
    }),
  ),
  marks: z.array(z.strictObject({ x: z.number(), label: z.string() })),
  /** Words under the axis by range of x, both ends included, e.g. the verdict by layer. */
  spans: z.array(z.strictObject({ from: z.number(), to: z.number(), label: z.string() })),
});
export type LinesBlock = z.infer<typeof linesBlockSchema>;

const axis = z.strictObject({ label: z.string(), unit: z.string() });
const place = z.tuple([z.number(), z.number()]);

/** Points and arrows in a plane of two readings, e.g. harmfulness x refusal. */
export const planeBlockSchema = z.strictObject({
  type: z.literal("plane"),
  ...heading,
  x: axis,
  y: axis,
  points: z.array(z.strictObject({ at: place, label: z.string(), group: z.string(), evidence: z.string().optional() })),
  arrows: z.array(
    z.strictObject({
      from: place,
      to: place,
      label: z.string(),
      /** Half-widths of the shift's interval along x and y. */
      error: place.optional(),
      n: z.number().int().optional(),
      evidence: z.string().optional(),
    }),
  ),
});
export type PlaneBlock = z.infer<typeof planeBlockSchema>;

/** Effects with their intervals, one under another, against a line of no effect. */
export const forestBlockSchema = z.strictObject({
  type: z.literal("forest"),
  ...heading,
  unit: z.string(),
  /** Where "no effect" is. */
  reference: z.number(),
  rows: z.array(
    z.strictObject({
      label: z.string(),
      group: z.string().optional(),
      control: z.boolean(),
      figure: shownFigureSchema,
    }),
  ),
});
export type ForestBlock = z.infer<typeof forestBlockSchema>;

/** Paragraphs of plain text; never markup. */
export const textBlockSchema = z.strictObject({
  type: z.literal("text"),
  ...heading,
  paragraphs: z.array(z.string()),
});
export type TextBlock = z.infer<typeof textBlockSchema>;

export const viewBlockSchema = z.discriminatedUnion("type", [
  tableBlockSchema,
  matrixBlockSchema,
  linesBlockSchema,
  planeBlockSchema,
  forestBlockSchema,
  textBlockSchema,
]);
export type ViewBlock = z.infer<typeof viewBlockSchema>;
