import {
  doTypesOverlap,
  getNamedType,
  GraphQLBoolean,
  GraphQLNonNull,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import type { Random } from '../random.js';
import { randomInput, randomLiteral, type ScalarValues, type Source } from './random-input.js';

export interface RandomDocument {
  readonly text: string;
  readonly operationName: string | undefined;
  /** Variables as a client sends them. @param wrong the share of parts that are probably not valid */
  readonly variables: (wrong: number) => Record<string, unknown>;
}

export interface DocumentOptions {
  readonly operation: OperationTypeNode;
  /** Maximum nesting of fields. */
  readonly depth: number;
  /** Names of fields to leave out. */
  readonly without?: ReadonlySet<string>;
  /** Values of scalars in place of the usual ones. */
  readonly values?: ScalarValues;
}

interface Variable {
  readonly name: string;
  /** The type of the places where it is used. */
  readonly place: GraphQLInputType;
  readonly type: GraphQLInputType;
  /** The type as written, which may be stricter than the place requires, or nullable with a default. */
  readonly declared: string;
  readonly isRequired: boolean;
}

interface Fragment {
  readonly name: string;
  readonly type: GraphQLCompositeType;
}

/** Response names that are also names of properties of JavaScript objects. */
const ALIASES = ['constructor', 'then', 'toJSON', '__proto__', 'hasOwnProperty', 'length'];
const INTROSPECTION = 0.04;

/** A document that is probably valid. */
export function randomDocument(schema: GraphQLSchema, random: Random, options: DocumentOptions): RandomDocument {
  return new Writer(schema, random, options).write();
}

class Writer {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  readonly #source: Source;
  readonly #options: DocumentOptions;
  readonly #composites: readonly GraphQLCompositeType[];
  readonly #variables: Variable[] = [];
  readonly #fragments: Fragment[] = [];
  readonly #fragmentTexts: string[] = [];
  /** Selections that may still be written, so that the document stays small. */
  #budget: number;
  #aliases = 0;

  constructor(schema: GraphQLSchema, random: Random, options: DocumentOptions) {
    this.#schema = schema;
    this.#random = random;
    this.#source = { random, values: options.values ?? {} };
    this.#options = options;
    this.#budget = random.pick([6, 15, 40]);
    this.#composites = Object.values(schema.getTypeMap()).filter(
      (type) => isCompositeType(type) && !type.name.startsWith('__'),
    ) as GraphQLCompositeType[];
  }

  write(): RandomDocument {
    const { operation, depth } = this.#options;
    const root = this.#schema.getRootType(operation);
    if (root === undefined || root === null) throw new Error(`no type for a ${operation}`);
    const selection =
      operation === OperationTypeNode.SUBSCRIPTION ? this.#singleRoot(root, depth) : this.#set(root, depth);
    const definitions = this.#variables.map(({ name, declared }) => `$${name}: ${declared}`).join(', ');
    const hasOthers = this.#random.chance(0.1);
    const name = hasOthers || this.#random.chance(0.3) ? 'Main' : '';
    const parts = [
      `${operation} ${name}${definitions === '' ? '' : `(${definitions})`} ${selection}`,
      ...this.#fragmentTexts,
      ...(hasOthers ? ['query Other($other: Boolean!) { __typename @include(if: $other) }'] : []),
    ];
    return {
      text: parts.join('\n'),
      operationName: hasOthers ? name : undefined,
      variables: (wrong) => this.#values(wrong),
    };
  }

  #values(wrong: number): Record<string, unknown> {
    const random = this.#random;
    const given = this.#variables.filter(({ isRequired }) => random.chance(isRequired ? 1 - wrong / 4 : 0.7));
    return Object.fromEntries(given.map(({ name, type }) => [name, randomInput(type, this.#source, wrong)]));
  }

  /** A subscription has one root field. It has no directives, because `validate` fails on their variables. */
  #singleRoot(type: GraphQLCompositeType, depth: number): string {
    const { text, field } = this.#head(this.#random.pick(this.#fieldsOf(type, depth)));
    return `{ ${text}${this.#nested(field, depth)} }`;
  }

  #set(type: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    const selections: string[] = [];
    const heads: Head[] = [];
    const count = 1 + random.whole(5);
    while (selections.length < count && (selections.length === 0 || this.#budget > 0)) {
      this.#budget -= 1;
      selections.push(this.#selection(type, depth, heads));
    }
    return `{ ${selections.join(' ')} }`;
  }

  #selection(type: GraphQLCompositeType, depth: number, heads: Head[]): string {
    const random = this.#random;
    const fields = this.#fieldsOf(type, depth);
    const roll = random.whole(100);
    if (roll < 6 || fields.length === 0) return `__typename${this.#directives()}`;
    if (roll < 16 && depth > 0) return this.#inlineFragment(type, depth);
    if (roll < 25 && depth > 0) return this.#spread(type, depth);
    const head = heads.length > 0 && random.chance(0.2) ? random.pick(heads) : null;
    return head === null ? this.#field(random.pick(fields), depth, heads) : this.#again(head, depth);
  }

  #fieldsOf(type: GraphQLCompositeType, depth: number): readonly GraphQLField<unknown, unknown>[] {
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const random = this.#random;
    if (type === this.#schema.getQueryType() && random.chance(INTROSPECTION))
      return [SchemaMetaFieldDef, TypeMetaFieldDef];
    const fields = Object.values(type.getFields()).filter(({ name }) => this.#options.without?.has(name) !== true);
    const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
    if (depth <= 0 || this.#budget <= 0) return leaves;
    return leaves.length > 0 && leaves.length < fields.length && random.chance(0.4)
      ? fields.filter((field) => !leaves.includes(field))
      : fields;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number, heads: Head[]): string {
    const head = this.#head(field);
    heads.push(head);
    return this.#again(head, depth);
  }

  #head(field: GraphQLField<unknown, unknown>): Head {
    const args = this.#arguments(field.args);
    const alias = args !== '' || this.#random.chance(0.12) ? `${this.#alias()}: ` : '';
    return { text: `${alias}${field.name}${args}`, field };
  }

  #alias(): string {
    this.#aliases += 1;
    return this.#aliases <= ALIASES.length && this.#random.chance(0.3)
      ? (ALIASES[this.#aliases - 1] ?? 'other')
      : `a${this.#aliases}`;
  }

  /** The same field once more, which graphql-js merges. */
  #again({ text, field }: Head, depth: number): string {
    return `${text}${this.#directives()}${this.#nested(field, depth)}`;
  }

  #nested(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type);
    return isCompositeType(type) ? ` ${this.#set(type, this.#depthIn(type, depth))}` : '';
  }

  /** Introspection has few levels, because its types refer to each other everywhere. */
  #depthIn(type: GraphQLCompositeType, depth: number): number {
    return type.name.startsWith('__') ? Math.min(depth - 1, 2) : depth - 1;
  }

  #inlineFragment(type: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    if (random.chance(0.2)) return `...${this.#directives()} ${this.#set(type, depth - 1)}`;
    const on = this.#overlapping(type);
    return `... on ${on.name}${this.#directives()} ${this.#set(on, depth - 1)}`;
  }

  #overlapping(type: GraphQLCompositeType): GraphQLCompositeType {
    const random = this.#random;
    if (!isAbstractType(type) && random.chance(0.7)) return type;
    const types = this.#composites.filter((other) => doTypesOverlap(this.#schema, type, other));
    return types.length === 0 ? type : random.pick(types);
  }

  #spread(type: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    const usable = this.#fragments.filter((fragment) => doTypesOverlap(this.#schema, type, fragment.type));
    if (usable.length > 0 && random.chance(0.5)) return `...${random.pick(usable).name}${this.#directives()}`;
    const on = this.#overlapping(type);
    const directives = this.#directives();
    const body = this.#set(on, depth - 1);
    const name = `F${this.#fragments.length}`;
    this.#fragments.push({ name, type: on }); // after its body, so that it cannot contain itself
    this.#fragmentTexts.push(`fragment ${name} on ${on.name} ${body}`);
    return `...${name}${directives}`;
  }

  #directives(): string {
    const random = this.#random;
    if (!random.chance(0.15)) return '';
    const names = random.pick([['skip'], ['include'], ['include', 'skip']]);
    return names.map((name) => ` @${name}(if: ${this.#condition(name)})`).join('');
  }

  #condition(directive: string): string {
    const random = this.#random;
    if (random.chance(0.3)) return String(random.chance(directive === 'skip' ? 0.2 : 0.8));
    return this.#variable(CONDITION);
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const random = this.#random;
    const part = random.pick([0, 0.4, 0.8]);
    const given = args.filter(
      ({ type, defaultValue }) => (isNonNullType(type) && defaultValue === undefined) || random.chance(part),
    );
    if (given.length === 0) return '';
    const variableFor = (type: GraphQLInputType) => (random.chance(0.2) ? this.#variable(type) : null);
    const texts = given.map(({ name, type }) => {
      const value = random.chance(0.35) ? this.#variable(type) : randomLiteral(type, this.#source, variableFor);
      return `${name}: ${value}`;
    });
    return `(${texts.join(', ')})`;
  }

  /** A variable that may be used in a place of this type. */
  #variable(place: GraphQLInputType): string {
    const random = this.#random;
    const same = this.#variables.filter((variable) => String(variable.place) === String(place));
    if (same.length > 0 && random.chance(0.4)) return `$${random.pick(same).name}`;
    const nullable = isNonNullType(place) ? place.ofType : place;
    const name = `v${this.#variables.length}`;
    const variable = random.chance(0.35)
      ? this.#withDefault(random.chance(0.6) ? nullable : place)
      : { type: random.chance(0.3) ? new GraphQLNonNull(nullable) : place, initial: '' };
    const { type, initial } = variable;
    const isRequired = isNonNullType(type) && initial === '';
    this.#variables.push({ name, place, type, declared: `${String(type)}${initial}`, isRequired });
    return `$${name}`;
  }

  /** The default may not be null where the place is not nullable. */
  #withDefault(type: GraphQLInputType) {
    const place = isNonNullType(type) ? type : new GraphQLNonNull(type);
    return { type, initial: ` = ${randomLiteral(place, this.#source, () => null)}` };
  }
}

interface Head {
  readonly text: string;
  readonly field: GraphQLField<unknown, unknown>;
}

const CONDITION = new GraphQLNonNull(GraphQLBoolean);
