import { html, render } from "lit";
import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import type { FromResults, ToResults } from "../../shared/protocol/pages/results-messages.ts";
import { registerControls } from "../ui/controls.ts";
import { connectHost } from "../ui/host-bridge.ts";
import { mountResults } from "./mount-results.ts";

/** The result page in VS Code. */
registerControls();
const host = connectHost<ToResults, FromResults, ResultDocument>();
const page = document.querySelector("main") as HTMLElement;
const status = document.createElement("div");
status.setAttribute("aria-live", "polite");
const content = document.createElement("div");
page.append(status, content);
const show = mountResults(content, {
  openSpec: () => host.post({ type: "open-spec" }),
  openPrompt: (id) => host.post({ type: "open-prompt", id }),
  saveReport: () => host.post({ type: "save-report" }),
});

const saved = host.saved();
if (saved) show(saved);

host.onMessage((message) => {
  switch (message.type) {
    case "document":
      render(html``, status);
      show(message.document);
      host.save(message.document);
      break;
    case "waiting":
      render(html`<p class="notice quiet">${message.what}</p>`, status);
      break;
    case "failed":
      render(html`<p class="notice failure" role="alert">${message.message}</p>`, status);
      break;
  }
});
host.post({ type: "ready" });
