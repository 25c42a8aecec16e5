import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** Where the bundled pages are, inside the extension. */
export function pagesFolder(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "webviews");
}

/** The HTML around a bundled page: only its own script (by nonce) and styles, data images, and no address to talk to. */
export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, page: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const at = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(pagesFolder(extension), file)).toString();
  // The toolkit's controls write their styles inline, so styles can't be held to a nonce.
  const policy = `default-src 'none'; img-src data:; style-src ${webview.cspSource} 'unsafe-inline'; script-src 'nonce-${nonce}'`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <link rel="stylesheet" href="${at(`${page}-style.css`)}" />
    <title>${title}</title>
  </head>
  <body>
    <main></main>
    <script nonce="${nonce}" type="module" src="${at(`${page}.js`)}"></script>
  </body>
</html>`;
}
