import * as vscode from "vscode";
import { showProblem } from "./show-problem.ts";

/** Registers commands whose failures the user is told in words. */
export class Commands {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
  }

  /** @param id without the `refract.` that every command starts with. */
  add<Args extends unknown[]>(id: string, run: (...args: Args) => Promise<unknown> | unknown): void {
    const guarded = async (...args: Args) => {
      try {
        return await run(...args);
      } catch (error) {
        // Not awaited: whoever called the command must not wait until the user has closed the message.
        void showProblem(error, this.#log);
        return undefined;
      }
    };
    this.#context.subscriptions.push(vscode.commands.registerCommand(`refract.${id}`, guarded));
  }
}
