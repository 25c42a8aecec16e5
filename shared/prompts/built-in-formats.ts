import { definePlugin } from "../plugin/define-plugin.ts";
import { csvPrompts } from "./csv-prompts.ts";
import { githubPrompt } from "./github-prompt.ts";
import { jsonLinesPrompts, jsonPrompts } from "./json-prompts.ts";
import { plainText, textLines } from "./plain-text.ts";
import { prompty } from "./prompty.ts";
import { vscodePrompt } from "./vscode-prompt.ts";

/** The prompt formats that come with the product. */
export const promptFormats = definePlugin({
  name: "refract-prompts",
  prompts: [vscodePrompt, githubPrompt, prompty, plainText, textLines, jsonPrompts, jsonLinesPrompts, csvPrompts],
});
