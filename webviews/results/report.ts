import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import { registerControls } from "../ui/controls.ts";
import { mountResults } from "./mount-results.ts";

/** The result page alone, in a file that opens offline: its document stands in the page. */
registerControls();
const data = document.getElementById("document")?.textContent ?? "null";
const page = document.querySelector("main") as HTMLElement;
mountResults(page, null)(JSON.parse(data) as ResultDocument);
