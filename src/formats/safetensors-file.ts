import { checkReadOptions, type ReadOptions, readFileBytes } from './read-file.js'
import { parseSafetensors, type Safetensors } from './safetensors.js'

/** @throws NativeMlpError INVALID_FILE as `parseSafetensors`, or FILE_SYSTEM when the file cannot be read */
export async function readSafetensors(path: string, options: Omit<ReadOptions, 'shared'> = {}): Promise<Safetensors> {
  return parseSafetensors(await readFileBytes(path, checkReadOptions('readSafetensors', options)), path)
}
