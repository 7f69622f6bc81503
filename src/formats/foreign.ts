/** Texts that are often found where another format is expected, by their beginning. */
const TEXTS: readonly (readonly [beginning: RegExp, words: string])[] = [
  [/^version https:\/\/git-lfs\.github\.com\//, 'a Git LFS pointer; git lfs pull fetches the file itself'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b/i, 'an HTML page, which a server may send instead of a file'],
  [/^(\xef\xbb\xbf)?\s*<(\?xml|Error>)/, 'an XML text, which a server may send instead of a file'],
  [/^.{257}ustar/s, 'a tar archive'],
]

/** The same for binary files, in hexadecimal. */
const BINARIES: typeof TEXTS = [
  [/^504b(0304|0506|0708)/, 'a zip archive, as .npz and .pt files are'],
  [/^1f8b/, 'a gzip file'],
  [/^(425a68|fd377a585a00|377abcaf|52617221|28b52ffd)/, 'a compressed archive'],
  [/^934e554d5059/, 'a .npy file'],
  [/^894844460d0a/, 'an HDF5 file'],
  [/^(89504e470d0a|ffd8ff|47494638)/, 'an image'],
  [/^800[2-5]/, 'a Python pickle'],
  [/^0000(08|09|0b|0c|0d|0e)0[1-4]00/, 'an IDX file'],
  [/^.{10}0000007b22/, 'a safetensors file'],
]

const LONGEST_BEGINNING = 262

/** What a file is by its beginning, e.g. 'a zip archive, as .npz and .pt files are'; null if unknown. */
export function knownFormat(bytes: Uint8Array): string | null {
  // not subarray, which throws for bytes whose memory was transferred: those have no length
  const beginning = Array.from({ length: Math.min(bytes.length, LONGEST_BEGINNING) }, (_, i) => bytes[i])
  const text = String.fromCharCode(...beginning)
  const hex = beginning.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const known = TEXTS.find(([pattern]) => pattern.test(text)) ?? BINARIES.find(([pattern]) => pattern.test(hex))
  return known?.[1] ?? null
}

/** '; it looks like a zip archive' after what a file is not; '' if that is unknown. */
export function looksLike(bytes: Uint8Array): string {
  const format = knownFormat(bytes)
  return format === null ? '' : `; it looks like ${format}`
}
