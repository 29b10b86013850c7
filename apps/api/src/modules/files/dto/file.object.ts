import { ArgsType, Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { connectionType, PageArgs, type Paging } from '../../../platform/graphql/connection.js';
import { BigInteger, DateTime } from '../../../platform/graphql/scalars.js';
import { type CollectedFile, contentUrl } from '../domain/collected-file.js';

/** A file with where its content is read. */
export type FileNode = Omit<CollectedFile, 'pathBytes'> & { pathBytes: string; url: string };

export const toFileNode = (file: CollectedFile): FileNode => ({
  ...file,
  pathBytes: Buffer.from(file.pathBytes).toString('base64'),
  url: contentUrl(file.id),
});

@ObjectType('CollectedFile', { description: 'An uploaded file in the bucket: what a verified ticket said of it' })
export class FileObject implements FileNode {
  @Field(() => ID)
  id!: string;

  @Field(() => ID, { description: 'The flow or hunt' })
  flowId!: string;

  @Field(() => ID)
  clientId!: string;

  @Field(() => Int)
  attempt!: number;

  @Field(() => String, { description: 'As the agent shows it' })
  path!: string;

  @Field(() => String, { description: 'Exactly, in base64' })
  pathBytes!: string;

  @Field(() => String, { description: 'Of a file in parts: that of its index.json' })
  key!: string;

  @Field(() => String)
  etag!: string;

  @Field(() => BigInteger)
  storedBytes!: bigint;

  @Field(() => String)
  storedSha256!: string;

  @Field(() => BigInteger)
  contentBytes!: bigint;

  @Field(() => String)
  contentSha256!: string;

  @Field(() => Int, { nullable: true, description: 'null: one object' })
  parts!: number | null;

  @Field(() => DateTime)
  reportedAt!: Date;

  @Field(() => String, { description: 'Where its content is read, on this host, with the same credentials' })
  url!: string;
}

export const FileConnection = connectionType(FileObject, 'CollectedFile');

export const filePaging = (
  flowId: string | undefined,
  clientId: string | undefined,
): Paging<CollectedFile, string> => ({
  query: ['files', flowId, clientId],
  position: z.string(),
  of: ({ id }) => id,
});

@ArgsType()
export class FilesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'A flow or hunt' })
  flowId?: string | null;

  @Field(() => ID, { nullable: true })
  clientId?: string | null;
}
