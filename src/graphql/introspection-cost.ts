import {
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** Number of elements of a list of an introspection type. */
export interface IntrospectionSize {
  /** Average over all types, fields or directives of the schema. */
  readonly mean: number;
  readonly most: number;
}

/** Sizes of the lists of the introspection types in this schema, by coordinates such as `__Type.fields`. */
export function introspectionSizes(schema: GraphQLSchema): ReadonlyMap<string, IntrospectionSize> {
  const types = Object.values(schema.getTypeMap());
  const directives = schema.getDirectives();
  const fields = types.flatMap((type) => (hasFields(type) ? Object.values(type.getFields()) : []));
  const ofTypes = (count: (type: GraphQLNamedType) => number) => sizeOf(types.map(count));
  return new Map([
    ['__Schema.types', exactly(types.length)],
    ['__Schema.directives', exactly(directives.length)],
    ['__Type.fields', ofTypes((type) => (hasFields(type) ? Object.keys(type.getFields()).length : 0))],
    ['__Type.inputFields', ofTypes((type) => (isInputObjectType(type) ? Object.keys(type.getFields()).length : 0))],
    ['__Type.enumValues', ofTypes((type) => (isEnumType(type) ? type.getValues().length : 0))],
    ['__Type.interfaces', ofTypes((type) => (hasFields(type) ? type.getInterfaces().length : 0))],
    ['__Type.possibleTypes', ofTypes((type) => (isAbstractType(type) ? schema.getPossibleTypes(type).length : 0))],
    ['__Field.args', sizeOf(fields.map((field) => field.args.length))],
    ['__Directive.args', sizeOf(directives.map((directive) => directive.args.length))],
    ['__Directive.locations', sizeOf(directives.map((directive) => directive.locations.length))],
  ]);
}

const hasFields = (type: GraphQLNamedType) => isObjectType(type) || isInterfaceType(type);

function exactly(count: number): IntrospectionSize {
  return { mean: count, most: count };
}

function sizeOf(counts: readonly number[]): IntrospectionSize {
  const sum = counts.reduce((left, right) => left + right, 0);
  return { mean: sum / Math.max(1, counts.length), most: Math.max(0, ...counts) };
}
