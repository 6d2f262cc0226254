/**
 * The picture of a saga, for documents (Mermaid) and for Stately's editor (JSON).
 *
 * Owns how steps, groups and the way back are drawn. The JSON is the configuration that the machine is made of.
 */
import { sagaChart } from "./SagaMachine.ts"
import type { SagaPlan, SagaStage, SagaWork } from "./SagaPlan.ts"

/** The machine of a saga as a drawing. */
export interface SagaPicture {
  /** A Mermaid `stateDiagram-v2`. */
  readonly mermaid: string
  /** A configuration of an XState machine, plain JSON. */
  readonly stately: { readonly [key: string]: unknown }
}

export const pictureOf = (plan: SagaPlan): SagaPicture => ({
  mermaid: mermaidOf(plan),
  stately: sagaChart(plan.type, [plan]),
})

const mermaidOf = (plan: SagaPlan): string => {
  const { stages, works } = plan
  const undone = [...works.values()].filter(({ compensate }) => compensate !== undefined).reverse()
  const names = stages.map(({ key }) => key)
  const next = (index: number): string => names[index + 1] ?? "completed"
  return [
    "stateDiagram-v2",
    "  [*] --> idle",
    `  idle --> ${names[0]}: started`,
    ...stages.flatMap(drawStage),
    ...stages.map(({ key }, index) => `  ${key} --> ${next(index)}: done`),
    ...names.map((key) => `  ${key} --> compensating: failed, timed out or cancelled`),
    "  completed --> compensating: undone by the saga above",
    ...(undone.length === 0
      ? []
      : [
          "  state compensating {",
          ...undone.map((work) => `    undo_${idOf(work)}: undo ${labelOf(work)}`),
          ...undone
            .slice(1)
            .map((work, index) => `    undo_${idOf(undone[index] as SagaWork)} --> undo_${idOf(work)}`),
          "  }",
          "  note right of compensating: In reverse order of completion",
        ]),
    "  compensating --> compensated: all undone",
    "  compensating --> stuck: a compensation failed, or no answer came",
    "  stuck --> compensating: Retry, Skip, Resolve or a late answer",
    "  stuck --> aborted: Abort",
    "  compensating --> aborted: Abort",
    "  completed --> [*]",
    "  compensated --> [*]",
    "  aborted --> [*]",
    "",
  ].join("\n")
}

const drawStage = ({ key, isParallel, works }: SagaStage): ReadonlyArray<string> =>
  isParallel
    ? [
        `  state ${key} {`,
        ...works.flatMap((work, index) => [
          ...(index === 0 ? [] : ["    --"]),
          `    ${idOf(work)}: ${labelOf(work)}`,
        ]),
        "  }",
      ]
    : works.map((work) => `  ${key}: ${labelOf(work)}`)

const idOf = ({ path }: SagaWork): string => path.replace(".", "_")

const labelOf = ({ path, kind, when }: SagaWork): string =>
  `${path}${kind === "forEach" ? " for each item" : kind === "nested" ? " (saga)" : ""}${when === undefined ? "" : ", if needed"}`
