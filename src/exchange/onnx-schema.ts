/**
 * The fields of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, package onnx, proto2) that this package
 * writes or reads: 'name number type', with '*' before the type for repeated fields. Readers skip all others.
 */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  ModelProto: [
    'ir_version 1 int64',
    'producer_name 2 string',
    'producer_version 3 string',
    'graph 7 GraphProto',
    'opset_import 8 *OperatorSetIdProto',
    'metadata_props 14 *StringStringEntryProto',
  ],
  OperatorSetIdProto: ['domain 1 string', 'version 2 int64'],
  StringStringEntryProto: ['key 1 string', 'value 2 string'],
  GraphProto: [
    'node 1 *NodeProto',
    'name 2 string',
    'initializer 5 *TensorProto',
    'input 11 *ValueInfoProto',
    'output 12 *ValueInfoProto',
  ],
  NodeProto: [
    'input 1 *string',
    'output 2 *string',
    'name 3 string',
    'op_type 4 string',
    'attribute 5 *AttributeProto',
    'domain 7 string',
  ],
  AttributeProto: [
    'name 1 string',
    'f 2 float',
    'i 3 int64',
    's 4 bytes',
    't 5 TensorProto',
    'floats 7 *float',
    'ints 8 *int64',
    'strings 9 *bytes',
    // an enumeration, which has the bytes of an integer
    'type 20 int32',
  ],
  TensorProto: [
    'dims 1 *int64',
    'data_type 2 int32',
    'float_data 4 *float',
    'string_data 6 *bytes',
    'int64_data 7 *int64',
    'name 8 string',
    'raw_data 9 bytes',
    'double_data 10 *double',
    'data_location 14 int32',
  ],
  ValueInfoProto: ['name 1 string', 'type 2 TypeProto'],
  TypeProto: ['tensor_type 1 TensorTypeProto'],
  TensorTypeProto: ['elem_type 1 int32', 'shape 2 TensorShapeProto'],
  TensorShapeProto: ['dim 1 *DimensionProto'],
  DimensionProto: ['dim_value 1 int64', 'dim_param 2 string'],
}

/** Numbers of google.protobuf.FieldDescriptorProto. */
const SCALARS: Readonly<Record<string, number>> = { double: 1, float: 2, int64: 3, int32: 5, string: 9, bytes: 12 }
const MESSAGE = 11
const LABEL = { optional: 1, repeated: 3 } as const

export const FILE = { name: 'onnx.proto', package: 'onnx', syntax: 'proto2' } as const

/** As google.protobuf.DescriptorProto. */
export function messageTypes() {
  return Object.entries(FIELDS).map(([name, fields]) => ({ name, field: fields.map(fieldOf) }))
}

function fieldOf(text: string) {
  const [name, number, given] = text.split(' ')
  const isList = given.startsWith('*')
  const type = isList ? given.slice(1) : given
  const scalar = SCALARS[type]
  return {
    name,
    number: Number(number),
    label: isList ? LABEL.repeated : LABEL.optional,
    ...(scalar === undefined ? { type: MESSAGE, typeName: `.onnx.${type}` } : { type: scalar }),
  }
}
