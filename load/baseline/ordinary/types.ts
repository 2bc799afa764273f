import { GraphQLError } from 'graphql';
import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { OrderStatus } from './generated/enums.js';

export { OrderStatus };
registerEnumType(OrderStatus, { name: 'OrderStatus' });

@ObjectType()
export class OrderItem {
  @Field(() => Int) id!: number;
  @Field(() => String) productId!: string;
  @Field(() => String) name!: string;
  @Field(() => Int) quantity!: number;
  @Field(() => Float) unitPrice!: number;
}

@ObjectType()
export class Order {
  @Field(() => ID) id!: string;
  @Field(() => Int) number!: number;
  @Field(() => Int) version!: number;
  @Field(() => OrderStatus) status!: OrderStatus;
  @Field(() => String) customerId!: string;
  @Field(() => String) customerName!: string;
  @Field(() => String) currency!: string;
  @Field(() => Float) total!: number;
  @Field(() => Date) createdAt!: Date;
  @Field(() => Date) updatedAt!: Date;
}

@ObjectType()
export class OrderEdge {
  @Field(() => String) cursor!: string;
  @Field(() => Order) node!: Order;
}

@ObjectType()
export class PageInfo {
  @Field(() => Boolean) hasNextPage!: boolean;
  @Field(() => String, { nullable: true }) endCursor!: string | null;
}

@ObjectType()
export class OrderConnection {
  @Field(() => [OrderEdge]) edges!: OrderEdge[];
  @Field(() => [Order]) nodes!: Order[];
  @Field(() => PageInfo) pageInfo!: PageInfo;
}

@InputType()
export class OrderItemInput {
  @Field(() => String) productId!: string;
  @Field(() => String) name!: string;
  @Field(() => Int) quantity!: number;
  @Field(() => Float) unitPrice!: number;
}

@InputType()
export class CreateOrderInput {
  @Field(() => ID) id!: string;
  @Field(() => String) customerId!: string;
  @Field(() => String) customerName!: string;
  @Field(() => String) currency!: string;
  @Field(() => [OrderItemInput]) items!: OrderItemInput[];
}

export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
