import assert from "node:assert/strict";
import * as vscode from "vscode";
import { openFile, refractApi, until } from "./refract-api.ts";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the sidecar", () => {
  it("comes back by itself after it was killed, and an inspection goes on", async function () {
    this.timeout(120_000);
    const api = await refractApi();
    await api.sidecar.client();
    const pid = await api.sidecar.pid();
    assert.ok(pid !== null);
    process.kill(pid, "SIGKILL");
    await until(async () => api.sidecar.state.kind === "ready" && (await api.sidecar.pid()) !== pid, "a new sidecar");
    const { document } = await openFile("start.prompt.md");
    await vscode.commands.executeCommand("refract.inspect", document.uri, 0);
    assert.equal(api.inspections.of(document.uri).length, 1);
  });

  it("ends when it is stopped", async () => {
    const api = await refractApi();
    await api.sidecar.client();
    const pid = await api.sidecar.pid();
    assert.ok(pid !== null);
    await vscode.commands.executeCommand("refract.stopSidecar");
    assert.equal(api.sidecar.state.kind, "off");
    await until(() => !isAlive(pid), "the process has ended");
  });
});
