/**
 * The first key that occurs twice in one object of a JSON text, which JSON.parse drops silently.
 * @param text valid JSON
 */
export function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '{') open.push(new Set())
    else if (character === '}') open.pop()
    else if (character === '"') {
      const start = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      if (!isKey(text, i + 1)) continue
      const key = JSON.parse(text.slice(start, i + 1)) as string
      const keys = open[open.length - 1]
      if (keys.has(key)) return key
      keys.add(key)
    }
  }
  return undefined
}

/** In valid JSON a string is a key when a colon follows it. */
function isKey(text: string, after: number): boolean {
  let i = after
  while (' \t\r\n'.includes(text[i] ?? '.')) i++
  return text[i] === ':'
}
