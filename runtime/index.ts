/**
 * Every public name of the runtime. A reader starts here: the definitions, then sagas, then what operators see and do.
 * The package has an entry point for each of these lists.
 */
export * from "./define.ts"
export * from "./operations.ts"
export * from "./saga.ts"
