/** A module of the built package that is not public: the readers that only the command line uses. */
// biome-ignore lint/suspicious/noExplicitAny: called with files, whatever its types
export async function internal(path: string): Promise<any> {
  return await import(new URL(path, import.meta.resolve('native-mlp')).href)
}
