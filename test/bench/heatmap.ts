/**
 * `npm run bench -- heatmap`: how long a frame of 42 x 2,000 cells takes while it is panned, in Chromium without a GPU, as a ratio to the peer:
 * the same canvas filled cell by cell with `fillRect`, as drawing libraries do it. Goal: 16 ms a frame.
 */
import { chromium } from "playwright-core";
import { BROWSER_FLAGS, findBrowser } from "../browser/find-browser.ts";
import { openPage } from "../pages/open-page.ts";
import { DARK } from "../pages/themes.ts";

const LAYERS = 42;
const TOKENS = 2000;
const FRAMES = 40;

const browser = await chromium.launch({ executablePath: await findBrowser(), args: BROWSER_FLAGS });
const { page, send } = await openPage(browser, "heatmap", { theme: DARK });
await send({ type: "picture", picture: randomPicture(), saved: false });
await page.locator(".grid canvas").waitFor();
const ours = await page.evaluate(panned, FRAMES);
const peer = await page.evaluate(filledCellByCell, { layers: LAYERS, tokens: TOKENS, frames: FRAMES });
await browser.close();
console.log(`heatmap, ${LAYERS} x ${TOKENS} cells, median of ${FRAMES} frames`);
console.log(`  Refract, panned:          ${ours.toFixed(1)} ms`);
console.log(`  fillRect, cell by cell:   ${peer.toFixed(1)} ms`);
console.log(`  ratio:                    ${(ours / peer).toFixed(2)}`);

function randomPicture() {
  return {
    title: "bench",
    model: "none",
    reading: { id: "projection", label: "projection", unit: "" },
    site: "resid_post",
    layers: LAYERS,
    tokens: Array.from({ length: TOKENS }, (_, id) => ({ id, text: ` w${id}`, role: "user", special: false })),
    values: { floats: Array.from({ length: LAYERS * TOKENS }, (_, index) => Math.sin(index * 0.37)) },
    refusal: null,
    milliseconds: 0,
    warnings: [],
  };
}

/** Median milliseconds of the page's own paint, while it is panned. Runs in the page. */
async function panned(frames: number): Promise<number> {
  const canvas = document.querySelector(".grid canvas") as HTMLCanvasElement;
  const times: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    await new Promise<void>((resolve) => {
      let started = 0;
      // Callbacks of one frame run in the order of their requests: this one, the page's paint that the wheel asks for, the last.
      requestAnimationFrame(() => {
        started = performance.now();
      });
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaX: 40, bubbles: true, cancelable: true }));
      requestAnimationFrame(() => {
        // A read forces the canvas to finish what was drawn.
        canvas.getContext("2d")?.getImageData(0, 0, 1, 1);
        times.push(performance.now() - started);
        resolve();
      });
    });
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** The peer's frame, drawn into a canvas of the same size. Runs in the page. */
function filledCellByCell({ layers, tokens, frames }: { layers: number; tokens: number; frames: number }): number {
  const shown = document.querySelector(".grid canvas") as HTMLCanvasElement;
  const canvas = document.createElement("canvas");
  canvas.width = shown.width;
  canvas.height = shown.height;
  const context = canvas.getContext("2d");
  const times: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const started = performance.now();
    for (let layer = 0; layer < layers; layer++) {
      for (let token = 0; token < tokens; token++) {
        if (context) context.fillStyle = `rgba(230, 120, 0, ${((layer * token + frame) % 16) / 16})`;
        context?.fillRect(token * 14 - frame * 40, layer * 14, 14, 14);
      }
    }
    context?.getImageData(0, 0, 1, 1);
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
