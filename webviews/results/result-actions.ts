/** What VS Code can do that the report alone can't. */
export interface ResultActions {
  openSpec(): void;
  openPrompt(id: string): void;
  saveReport(): void;
}
