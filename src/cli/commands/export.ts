import { Command, Option } from 'commander'
import { saveOnnx } from '../../exchange/onnx-file.js'
import type { NumberType } from '../../exchange/onnx-table.js'
import { checkPath } from '../run/out-folder.js'
import { loadWeights, modelOf } from '../run/weights.js'
import { print } from '../terminal.js'

interface ExportFlags {
  readonly weights?: string
  readonly out: string
  readonly numbers: NumberType
}

export function exportCommand(): Command {
  return new Command('export')
    .description('write a model as ONNX: columns or encoded rows in, class names and probabilities or values out')
    .argument('[model]', "a .safetensors file, a run folder, or the homework's folder of .npy files")
    .option('--weights <path>', 'the model')
    .requiredOption('--out <file>', 'the .onnx file')
    .addOption(
      new Option('--numbers <type>', 'element type of columns of numbers, and of values in their units')
        .choices(['double', 'float'])
        .default('double'),
    )
    .action(async (modelPath: string | undefined, { weights, out, numbers }: ExportFlags) => {
      checkPath(out)
      await saveOnnx(out, await loadWeights(modelOf(modelPath, weights)), { numbers })
      print(out)
    })
}
