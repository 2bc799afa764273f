import { Ctx, Query, Resolver } from 'type-graphql';
import type { Viewer } from '../../domain/viewer.js';
import type { Context } from '../context.js';
import { ViewerType } from '../types/viewer.js';

@Resolver()
export class ViewerQuery {
  @Query(() => ViewerType, { description: 'Returns the identity of the client.' })
  viewer(@Ctx() { caller }: Context): Viewer {
    return caller.viewer;
  }
}
