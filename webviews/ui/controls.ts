/**
 * The controls of every page: the only module that imports the toolkit, so that one file changes when the toolkit does.
 * After `registerControls()`, templates write `<vscode-button>`, `<vscode-dropdown>` with `<vscode-option>`, `<vscode-checkbox>`,
 * `<vscode-badge>` and `<vscode-progress-ring>`.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
} from "@vscode/webview-ui-toolkit";

export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeBadge(),
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
  );
}
