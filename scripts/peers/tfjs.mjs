/**
 * Training steps of 784-H-10 by TensorFlow.js: tfjs.mjs <pixels> <labels> <milliseconds> <cpu|wasm> <case>...
 *
 * Measures the step in two variants and reports the faster one: tf.train.sgd, and products by hand.
 */
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { CLASSES, print, readArguments, sample, stepSize } from './sampling.mjs'

const LEARNING_RATE = 0.01

const { pixels, labels, milliseconds, others } = readArguments(process.argv.slice(2))
const [backend, ...cases] = others
if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend '${backend}' here`)
print({ version: `TensorFlow.js ${tf.version.tfjs}, ${tf.getBackend()}` })

const x = tf.tensor2d(pixels, [labels.length, 784])
const y = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), CLASSES).toFloat()

for (const name of cases) {
  const size = stepSize(name)
  const ways = { autograd: autogradStep(size), 'by hand': manualStep(size) }
  const measured = Object.entries(ways).map(([note, step]) => ({ note, samples: sample(step, milliseconds / 2) }))
  const middle = ({ samples }) => [...samples].sort((a, b) => a - b)[samples.length >> 1]
  print({ case: name, threads: 1, ...measured.sort((a, b) => middle(a) - middle(b))[0] })
}

function parameters(H) {
  return {
    w1: tf.variable(tf.randomNormal([784, H], 0, Math.sqrt(2 / 784), 'float32', 1)),
    b1: tf.variable(tf.zeros([H])),
    w2: tf.variable(tf.randomNormal([H, CLASSES], 0, Math.sqrt(2 / H), 'float32', 2)),
    b2: tf.variable(tf.zeros([CLASSES])),
  }
}

function batches(B) {
  const order = tf.util.createShuffledIndices(labels.length)
  let at = 0
  return () => {
    if (at + B > order.length) at = 0
    at += B
    return tf.tensor1d(Int32Array.from(order.subarray(at - B, at)), 'int32')
  }
}

function checked(loss) {
  const [value] = loss.dataSync()
  if (!Number.isFinite(value)) throw new Error('the loss is no longer finite')
}

function autogradStep({ B, H }) {
  const { w1, b1, w2, b2 } = parameters(H)
  const optimizer = tf.train.sgd(LEARNING_RATE)
  const next = batches(B)
  return () =>
    tf.tidy(() => {
      const rows = next()
      const batch = tf.gather(x, rows)
      const targets = tf.gather(y, rows)
      const loss = () => {
        const hidden = tf.relu(tf.add(tf.matMul(batch, w1), b1))
        return tf.losses.softmaxCrossEntropy(targets, tf.add(tf.matMul(hidden, w2), b2))
      }
      checked(optimizer.minimize(loss, true))
    })
}

function manualStep({ B, H }) {
  const { w1, b1, w2, b2 } = parameters(H)
  const next = batches(B)
  const descend = (parameter, gradient) =>
    parameter.assign(tf.sub(parameter, tf.mul(gradient, tf.scalar(LEARNING_RATE / B))))
  return () =>
    tf.tidy(() => {
      const rows = next()
      const batch = tf.gather(x, rows)
      const targets = tf.gather(y, rows)
      const hidden = tf.fused.matMul({ a: batch, b: w1, bias: b1, activation: 'relu' })
      const p = tf.softmax(tf.fused.matMul({ a: hidden, b: w2, bias: b2 }))
      const loss = tf.mean(tf.neg(tf.log(tf.sum(tf.mul(p, targets), 1))))
      const dz = tf.sub(p, targets)
      const dHidden = tf.mul(tf.matMul(dz, w2, false, true), tf.cast(tf.greater(hidden, 0), 'float32'))
      descend(w2, tf.matMul(hidden, dz, true, false))
      descend(b2, tf.sum(dz, 0))
      descend(w1, tf.matMul(batch, dHidden, true, false))
      descend(b1, tf.sum(dHidden, 0))
      checked(loss)
    })
}
