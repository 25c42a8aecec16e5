/**
 * Loads the user's own plugins and those that other extensions contribute. What others bring must not keep the user from working: where one of
 * theirs can't be loaded, the user's own are loaded alone.
 *
 * @param load loads modules in place of those before; throws where one of them can't be loaded.
 * @returns why the others' plugins were left out; `null` where all are loaded.
 */
export async function loadPlugins(
  load: (paths: string[]) => Promise<unknown>,
  { own, contributed }: { own: readonly string[]; contributed: readonly string[] },
): Promise<Error | null> {
  try {
    await load([...own, ...contributed]);
    return null;
  } catch (error) {
    if (contributed.length === 0 || !(error instanceof Error)) throw error;
    await load([...own]);
    return error;
  }
}
