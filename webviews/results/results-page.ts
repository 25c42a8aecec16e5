import { html, nothing, type TemplateResult } from "lit";
import type { ExperimentResult, ResultDocument } from "../../shared/plugin/result-document.ts";
import type { MatrixBlock } from "../../shared/plugin/view-block.ts";
import { blockView } from "./block-view.ts";
import type { OpenEvidence } from "./evidence-button.ts";
import type { ResultActions } from "./result-actions.ts";

/** A run's page: the answer in words first, then each experiment with its pictures, its controls, and the manifest. */
export function resultsPage(
  document: ResultDocument,
  openEvidence: (experiment: string, key: string) => void,
  actions: ResultActions | null,
): TemplateResult {
  return html`<article class="results">
    ${actions ? actionButtons(actions) : nothing}
    ${header(document, openEvidence)}
    <nav aria-label="Experiments">
      ${document.experiments.map((experiment) => html`<a href="#${experiment.name}">${experiment.name}</a>`)}
    </nav>
    ${document.experiments.map((experiment) => experimentView(experiment, (key) => openEvidence(experiment.name, key)))}
    <details class="manifest">
      <summary>Manifest</summary>
      <pre>${JSON.stringify(document.manifest, null, 2)}</pre>
    </details>
  </article>`;
}

function actionButtons({ openSpec, saveReport }: ResultActions): TemplateResult {
  return html`<p class="result-actions" role="toolbar" aria-label="Results">
    <vscode-button appearance="secondary" @click=${openSpec}>Open spec</vscode-button>
    <vscode-button appearance="secondary" @click=${saveReport}>Save report</vscode-button>
  </p>`;
}

type OpenExperimentEvidence = (experiment: string, key: string) => void;

function header(document: ResultDocument, openEvidence: OpenExperimentEvidence): TemplateResult {
  const { run } = document;
  const pictures = mainPictures(document);
  const kindOf = (name: string) => document.experiments.find((one) => one.name === name)?.kind;
  // The main question's answers stand above its pictures, the others below.
  const isMain = (answer: ResultDocument["answers"][number]) =>
    pictures.length === 0 || kindOf(answer.experiment) === MAIN_KIND;
  const others = document.answers.filter((answer) => !isMain(answer));
  return html`<header>
    <ul class="answers">
      ${document.answers.filter(isMain).map(answerView)}
    </ul>
    ${pictures.length > 0 ? html`<div class="blocks">${pictures.map(({ experiment, block }) => blockView(block, (key) => openEvidence(experiment, key)))}</div>` : nothing}
    ${others.length > 0 ? html`<ul class="answers">${others.map(answerView)}</ul>` : nothing}
    ${document.answers.length === 0 ? html`<p>No experiment of this run has a verdict.</p>` : nothing}
    <p class="quiet">
      ${run.name}, ${run.spec}, ${run.model} (${run.precision}, ${run.provider}), seed ${run.seed}, started ${minuteOf(run.started)}, ${run.finished ? `finished ${minuteOf(run.finished)}` : "not finished"}
    </p>
    <p class="quiet">Refusals start with: ${run.refusalTokens.map((token) => html`<code>${token.text}</code> `)}</p>
    ${warnings(run.warnings)}
  </header>`;
}

/** A time to the minute: `2026-11-25 02:30 UTC`. */
function minuteOf(time: string): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The kind that answers whether refusal is one thing. */
const MAIN_KIND = "cross-ablation";

/** The two pictures that carry the main answer: the shapes, of all components where `geometry` was asked, and the causes of each pair. */
function mainPictures({ experiments }: ResultDocument): { experiment: string; block: MatrixBlock }[] {
  const done = experiments.filter(({ status }) => status === "done");
  const causes = done.filter(({ kind }) => kind === MAIN_KIND);
  if (causes.length === 0) return [];
  const shapes = done.find(({ kind }) => kind === "geometry") ?? causes[0];
  const matrixOf = (experiment: ExperimentResult | undefined, title: string) => {
    const block = experiment?.blocks.find((one) => one.type === "matrix" && one.title.startsWith(title));
    return experiment && block?.type === "matrix" ? [{ experiment: experiment.name, block }] : [];
  };
  return [...matrixOf(shapes, "Shapes"), ...causes.flatMap((one) => matrixOf(one, "Causes"))];
}

function warnings(all: readonly string[]): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing;
  return html`<details class="warning">
    <summary>${all.length === 1 ? "1 warning" : `${all.length} warnings`}</summary>
    ${all.map((warning) => html`<p>${warning}</p>`)}
  </details>`;
}

/** The answer's first sentence in large letters, what it follows from below, and the verdict's word beside it. */
function answerView(answer: ResultDocument["answers"][number]): TemplateResult {
  const end = answer.sentence.search(/\.\s+\p{Lu}/u);
  const first = end < 0 ? answer.sentence : answer.sentence.slice(0, end + 1);
  return html`<li>
    <span class="sentence">
      <a class="lead" href="#${answer.experiment}">${first}</a>
      ${answer.sentence.length > first.length ? html`<span class="quiet">${answer.sentence.slice(first.length).trim()}</span>` : nothing}
    </span>
    ${answer.verdict ? html`<span class="verdict">${answer.verdict}</span>` : nothing}
  </li>`;
}

function experimentView(experiment: ExperimentResult, open: OpenEvidence): TemplateResult {
  return html`<section class="experiment" id=${experiment.name}>
    <h2>${experiment.name} <span class="quiet">${experiment.label}</span></h2>
    ${experiment.status === "done" ? nothing : html`<p class=${experiment.status === "failed" ? "failure" : "quiet"}>${experiment.status}${experiment.message ? `: ${experiment.message}` : ""}</p>`}
    ${experiment.sentences.map((sentence, index) => html`<p class=${index === 0 ? "lead" : ""}>${unrepeated(sentence, experiment)}</p>`)}
    ${verdicts(experiment)}
    <div class="blocks">${experiment.blocks.map((block) => blockView(block, open))}</div>
    ${experiment.notes.map((note) => html`<p class="quiet">${note}</p>`)}
  </section>`;
}

/** A sentence without what the verdicts' table says once more: why. */
function unrepeated(sentence: string, { verdicts: all }: ExperimentResult): string {
  const said = all.find(({ because }) => because !== "" && sentence.includes(` ${because}`));
  if (!said) return sentence;
  const [before = "", after = ""] = sentence.split(` ${said.because}`);
  // "X is one: because." becomes "X is one."
  return before.endsWith(":") ? `${before.slice(0, -1)}${after.startsWith(".") ? "" : "."}${after}` : before + after;
}

function verdicts(experiment: ExperimentResult): TemplateResult | typeof nothing {
  if (experiment.verdicts.length === 0) return nothing;
  return html`<table class="verdicts">
    <tbody>
      ${experiment.verdicts.map(
        (verdict) => html`<tr>
          <th scope="row">${verdict.of.join(", ")}</th>
          <td><span class="verdict">${verdict.verdict}</span>${verdict.layer == null ? "" : html` <span class="quiet">layer ${verdict.layer}</span>`}</td>
          <td>${verdict.because}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
