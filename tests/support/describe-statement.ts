import type { Client, Connection, Submittable } from 'pg';

/** A result column of a statement. */
export interface ResultColumn {
  readonly name: string;
  /** Object id of its type. */
  readonly typeId: number;
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** Messages of the extended query protocol that the types of `pg` lack. */
interface Wire {
  parse(statement: { readonly name: string; readonly text: string }): void;
  describe(what: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
}

/** Parses a statement on the server and describes its result without executing it. */
export async function describeStatement(client: Client, sql: string): Promise<readonly ResultColumn[]> {
  return new Promise((resolve, reject) => {
    let columns: readonly ResultColumn[] = [];
    const description = {
      submit(connection: Connection) {
        const wire = connection as unknown as Wire;
        wire.parse({ name: '', text: sql });
        wire.describe({ type: 'S', name: '' });
        wire.sync();
      },
      handleRowDescription({ fields }: RowDescription) {
        columns = fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID }));
      },
      handleReadyForQuery: () => resolve(columns),
      handleError: (error: Error) => reject(error),
    };
    client.query(description as Submittable);
  });
}
