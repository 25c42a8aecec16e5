import { parquetWriteBuffer } from "hyparquet-writer";
import type { ExportTable } from "./run-tables.ts";

/** A table as one Parquet file: text as UTF-8 strings, numbers as doubles, missing values as nulls. */
export function tableAsParquet({ columns, rows }: ExportTable): Uint8Array {
  const columnData = columns.map(({ name, type }, at) => ({
    name,
    type: type === "text" ? ("STRING" as const) : ("DOUBLE" as const),
    nullable: true,
    data: rows.map((row) => row[at] ?? null),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
