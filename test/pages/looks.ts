import { DARK, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT, LIGHT } from "./themes.ts";

/** How every page is looked at: each theme, a narrow panel, 200% zoom. */
export const LOOKS = [
  { theme: DARK, name: "dark", options: {} },
  { theme: LIGHT, name: "light", options: {} },
  { theme: HIGH_CONTRAST, name: "high-contrast", options: {} },
  { theme: HIGH_CONTRAST_LIGHT, name: "high-contrast-light", options: {} },
  { theme: DARK, name: "narrow", options: { width: 380, height: 900 } },
  { theme: LIGHT, name: "zoomed", options: { zoom: 2 } },
];
