import type { CodegenConfig } from '@graphql-codegen/cli';

/** Generates the types of the schema and of every document in typed.ts. */
const config: CodegenConfig = {
  schema: '../schema.graphql',
  documents: ['typed.ts'],
  generates: {
    './gql/': {
      preset: 'client',
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        scalars: {
          DateTime: 'string',
          Decimal: 'string',
          Currency: 'string',
          EmailAddress: 'string',
        },
      },
      presetConfig: { fragmentMasking: false },
    },
  },
  importExtension: '.ts',
};

export default config;
