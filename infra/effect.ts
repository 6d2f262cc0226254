/**
 * `everstate/effect`: the Effect face. `layer(options)` gives the service `ActorSystem` on NATS and Postgres.
 *
 * @module everstate/effect
 */

export { ActorClient, type ActorClientService } from "../runtime/client/ActorClient.ts"
export * from "../runtime/define.ts"
export type { ActorRef } from "../runtime/system/ActorRef.ts"
export { ActorSystem, type ActorSystemService, type SystemOptions } from "../runtime/system/ActorSystem.ts"
export type { ClusterControl } from "../runtime/system/ClusterControl.ts"
export { type ReadModelPlace, readModelTable } from "./postgres/ReadModelTables.ts"
export { type ConnectError, type ConnectOptions, layerClient } from "./system/ActorClient.ts"
export { layer, type StartError, type StartOptions } from "./system/ActorSystem.ts"
export { InvalidStartOption } from "./system/InvalidStartOption.ts"
