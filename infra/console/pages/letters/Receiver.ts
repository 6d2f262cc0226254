/** The receiver of a dead letter as people write it: type and id of an actor, or the reactor. */
import type { DeadLetter } from "../../api/Documents.ts"

export const receiverOf = ({ key, type, id }: Pick<DeadLetter, "key" | "type" | "id">): string =>
  type === undefined || id === undefined ? key : `${type}/${id}`
