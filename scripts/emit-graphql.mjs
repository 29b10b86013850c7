// Writes docs/schema.gql from the resolvers of the API, or checks that it is up to date.
import { emitDoc } from './support/emit-doc.mjs';

await emitDoc({
  script: 'emit-graphql',
  file: 'schema.gql',
  text: async (app) => {
    const { graphqlDocument } = await import('../dist/apps/api/src/http-app.js');
    return graphqlDocument(app);
  },
});
