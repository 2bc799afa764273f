import {
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  print,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';

type Data = Readonly<Record<string, unknown>>;

/** A subscription to events that continues after the last one that it has received. */
export interface Resumable {
  /** The subscription as the user wrote it, with the cursor of each event. */
  readonly first: SubscribePayload;
  /** Whether it has an argument for its start. */
  readonly hasStart: boolean;
  /** The subscription after a cursor. */
  readonly after: (cursor: string) => SubscribePayload;
  /** The cursor of an event, and the data as the user has selected them. */
  readonly split: (data: Data) => { readonly cursor: string | null; readonly data: Data };
}

/** The alias under which the cursor of each event is selected. */
const CURSOR = 'playgroundCursor';

/** @returns null if the document does not have the form `subscription { field }` */
export function createResumable(payload: SubscribePayload): Resumable | null {
  const found = findField(payload);
  if (found === null) return null;
  const { field, documentWith } = found;
  const given = field.arguments ?? [];
  const name = field.alias?.value ?? field.name.value;
  const withArguments = (args: readonly ArgumentNode[], variables: Data = {}): SubscribePayload => ({
    ...payload,
    query: print(documentWith({ ...field, arguments: args, ...withCursor(field) })),
    variables: { ...payload.variables, ...variables },
  });
  return {
    first: withArguments(given),
    hasStart: given.some((argument) => isNamed(argument, 'after') || isNamed(argument, 'snapshot')),
    after(cursor) {
      const after = variableOf(given, 'after');
      const snapshot = variableOf(given, 'snapshot'); // it cannot be combined with `after`
      const kept = given.filter(
        (argument) =>
          !(isNamed(argument, 'after') && after === null) && !(isNamed(argument, 'snapshot') && snapshot === null),
      );
      return withArguments(after === null ? [...kept, afterArgument(cursor)] : kept, {
        ...(after === null ? {} : { [after]: cursor }),
        ...(snapshot === null ? {} : { [snapshot]: false }),
      });
    },
    split(data) {
      const event = data[name];
      if (typeof event !== 'object' || event === null) return { cursor: null, data };
      const { [CURSOR]: cursor, ...rest } = event as Data;
      return { cursor: typeof cursor === 'string' ? cursor : null, data: { ...data, [name]: rest } };
    },
  };
}

interface FoundField {
  readonly field: FieldNode;
  /** The document with another field in place of it. */
  readonly documentWith: (field: FieldNode) => DocumentNode;
}

function findField({ query, operationName }: SubscribePayload): FoundField | null {
  const document = parsed(query);
  const operation = document === null ? null : getOperationAST(document, operationName);
  const [field, other] = operation?.selectionSet.selections ?? [];
  if (document === null || operation?.operation !== OperationTypeNode.SUBSCRIPTION || other !== undefined) return null;
  if (field?.kind !== Kind.FIELD || field.selectionSet === undefined) return null;
  return {
    field,
    documentWith: (replaced) => ({
      ...document,
      definitions: document.definitions.map((definition) =>
        definition === operation
          ? { ...operation, selectionSet: { ...operation.selectionSet, selections: [replaced] } }
          : definition,
      ),
    }),
  };
}

function parsed(query: string): DocumentNode | null {
  try {
    return parse(query);
  } catch {
    return null; // the server reports the error
  }
}

function withCursor({ selectionSet }: FieldNode): Pick<FieldNode, 'selectionSet'> {
  if (selectionSet === undefined) return {};
  const cursor: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: CURSOR },
    name: { kind: Kind.NAME, value: 'resumeCursor' },
  };
  return { selectionSet: { ...selectionSet, selections: [...selectionSet.selections, cursor] } };
}

function afterArgument(value: string): ArgumentNode {
  return {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'after' },
    value: { kind: Kind.STRING, value },
  };
}

function isNamed({ name }: ArgumentNode, expected: string): boolean {
  return name.value === expected;
}

/** The variable that an argument is set to. */
function variableOf(args: readonly ArgumentNode[], name: string): string | null {
  const value = args.find((argument) => isNamed(argument, name))?.value;
  return value?.kind === Kind.VARIABLE ? value.name.value : null;
}
