/** Conditions of a list of actors, as the route `/actors/{type}` takes them. */
export interface ActorFilter {
  readonly state?: string | undefined
  readonly exceptStates?: string | undefined
  readonly tag?: string | undefined
  /** Values of directory columns, as a JSON object. */
  readonly where?: string | undefined
  readonly idPrefix?: string | undefined
  readonly updatedBefore?: string | undefined
  readonly createdBefore?: string | undefined
  readonly done?: string | undefined
  readonly failed?: string | undefined
  readonly quarantined?: string | undefined
}
