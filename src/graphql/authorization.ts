import {
  getNamedType,
  isInputObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { RequestError } from '../domain/errors.js';
import { hasRights, roleOf, type Role, type Viewer } from '../domain/viewer.js';
import type { Variables } from './argument-cost.js';
import { fragmentsOf } from './count-fields.js';
import { prepareInputCheck, type InputCheck } from './input-authorization.js';
import { requirementOf, type Requirement } from './least-role.js';

/**
 * Rejects an operation that the viewer may not execute. Must be called before each execution, after `assertReadable`, which
 * limits the depth of the variables.
 *
 * @param inputs the variables as sent by the client
 * @throws RequestError FORBIDDEN that names the field
 */
export type AssertAllowed = (viewer: Viewer, inputs: Variables) => void;

/** The decision on an operation for one role. */
interface Decision {
  /** The first field of the document that the role may not use. */
  readonly forbidden: Requirement | null;
  /** Null if the role may send every field of the variables. */
  readonly checkInputs: InputCheck | null;
}

/**
 * Prepares the authorization of an operation. It is decided once for each role, except for the values of variables.
 *
 * @param document validated, of a schema with a policy
 */
export function prepareAuthorization(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): AssertAllowed {
  let requirements: readonly Requirement[] | undefined;
  const decisions = new Map<Role | null, Decision>();

  function decide(role: Role | null): Decision {
    requirements ??= strictestOf(schema, document, operation);
    const decision = {
      forbidden: requirements.find((required) => !hasRights(role, required.role)) ?? null,
      checkInputs: prepareInputCheck(schema, operation.variableDefinitions, role),
    };
    decisions.set(role, decision);
    return decision;
  }

  return (viewer, inputs) => {
    const role = roleOf(viewer);
    const { forbidden, checkInputs } = decisions.get(role) ?? decide(role);
    const requirement = forbidden ?? (checkInputs === null ? null : checkInputs(inputs));
    if (requirement !== null) throw forbiddenField(requirement, role);
  };
}

function forbiddenField({ field, role: least }: Requirement, role: Role | null): RequestError {
  const own = role === null ? 'the token has no known role' : `the role of the request is ${role}`;
  return new RequestError('FORBIDDEN', `${field} requires at least the role ${least}; ${own}.`, { details: { field } });
}

/**
 * The fields that an operation uses: those it selects, and those of input types in its literals and in the defaults of its
 * variables. Of the fields with the same rule, only the first one.
 */
function strictestOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly Requirement[] {
  const fragments = fragmentsOf(document);
  const spreads = new Set<string>();
  const first = new Map<Role, Requirement>();
  const require = (requirement: Requirement) => {
    if (!first.has(requirement.role)) first.set(requirement.role, requirement);
  };

  function collect(node: OperationDefinitionNode | FragmentDefinitionNode): void {
    const types = new TypeInfo(schema);
    const visitor = visitWithTypeInfo(types, {
      Field() {
        const [parent, field] = [types.getParentType(), types.getFieldDef()];
        if (parent && field) require(requirementOf(parent, field));
      },
      ObjectField({ name }) {
        const parent = getNamedType(types.getParentInputType());
        const field = isInputObjectType(parent) ? parent.getFields()[name.value] : undefined;
        if (parent && field) require(requirementOf(parent, field));
      },
      FragmentSpread({ name }) {
        spreads.add(name.value);
      },
    });
    visit(node, visitor);
  }

  collect(operation);
  for (const name of spreads) if (fragments[name] !== undefined) collect(fragments[name]); // includes those added by the loop
  return [...first.values()];
}
