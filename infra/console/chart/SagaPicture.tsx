/**
 * The steps of a saga from the first to the last, steps of one stage side by side, and beside them the compensation,
 * which runs back.
 *
 * Owns the picture. What is a stage: SagaSteps.ts.
 */
import "./SagaPicture.css"
import { Fragment } from "react"
import type { Shape } from "../parts/StateLook.ts"
import { ShapeMark } from "../parts/StateMark.tsx"
import { text } from "../text/English.ts"
import { durationText } from "./Amounts.ts"
import {
  runsBackwards,
  type SagaStage,
  type SagaStep,
  type SagaStepStatus,
  shortName,
  shownSteps,
  stagesOf,
} from "./SagaSteps.ts"

const words = text.sagaPicture

export interface SagaPictureProps {
  /** In the order of the saga. {@link stepsOf} makes them of the type's chart and the saga's document. */
  readonly steps: ReadonlyArray<SagaStep>
  /** Called with the key of a step. */
  readonly onStep?: ((key: string) => void) | undefined
}

interface Look {
  readonly shape: Shape
  readonly colour: string
}

const FAILED: Look = { shape: "cross", colour: "var(--bad)" }
const QUIET: Look = { shape: "ring", colour: "var(--quiet)" }

const LOOKS: Readonly<Record<SagaStepStatus, Look>> = {
  waiting: QUIET,
  requested: { shape: "triangle", colour: "var(--accent)" },
  pausing: { shape: "bar", colour: "var(--warn)" },
  done: { shape: "circle", colour: "var(--good)" },
  rejected: FAILED,
  failed: FAILED,
  timedOut: FAILED,
  skipped: { shape: "bar", colour: "var(--quiet)" },
  cancelled: { shape: "cross", colour: "var(--quiet)" },
  compensating: { shape: "triangle", colour: "var(--warn)" },
  compensated: { shape: "diamond", colour: "var(--quiet)" },
}

const lookOf = (status: string): Look => LOOKS[status as SagaStepStatus] ?? QUIET

const wordOf = (status: string): string => words.status[status as SagaStepStatus] ?? status

const SagaPicture = ({ steps, onStep }: SagaPictureProps) => {
  const stages = stagesOf(steps)
  const isBackwards = runsBackwards(steps)
  return (
    <section className={`sp${isBackwards ? " is-backwards" : ""}`} aria-label={words.picture}>
      {isBackwards ? <p className="sp-note">{words.backwards}</p> : null}
      <ol className="sp-stages">
        {stages.map((stage, index) => (
          <Stage
            key={stage.name}
            {...{ stage, onStep, isBackwards }}
            isFirst={index === 0}
            isUndoneBelow={runsBackwards(stages.slice(index + 1).flatMap((below) => below.steps))}
          />
        ))}
      </ol>
    </section>
  )
}

export default SagaPicture

interface StageProps extends Pick<SagaPictureProps, "onStep"> {
  readonly stage: SagaStage
  readonly isFirst: boolean
  readonly isBackwards: boolean
  /** True if a later stage is being undone, or is undone. */
  readonly isUndoneBelow: boolean
}

const Stage = ({ stage, isFirst, isBackwards, isUndoneBelow, onStep }: StageProps) => {
  const { shown, hidden } = shownSteps(stage.steps)
  const isGroup = stage.steps.length > 1 || stage.steps[0]?.key !== stage.name
  const undone = shown.filter((step) => runsBackwards([step]))
  return (
    <li className="sp-stage">
      {isFirst ? null : (
        <Arrow className="sp-down" isActive={stage.steps.some(({ status }) => status !== "waiting")} />
      )}
      {isFirst || !isBackwards ? null : (
        <Arrow className="sp-up" isActive={undone.length > 0 || isUndoneBelow} />
      )}
      <div className={`sp-forward${isGroup ? " is-group" : ""}`}>
        {isGroup ? (
          <p className="sp-group">
            <strong>{stage.name}</strong> {stage.steps.length > 1 ? words.together : null}
          </p>
        ) : null}
        <div className="sp-row">
          {shown.map((step) => (
            <Step
              key={step.key}
              step={step}
              name={isGroup ? shortName(step.key) : step.key}
              onStep={onStep}
            />
          ))}
        </div>
        {hidden.size === 0 ? null : (
          <p className="sp-hidden">
            {words.hidden(stage.steps.length - shown.length)}:{" "}
            {[...hidden].map(([status, count]) => words.counted(count, wordOf(status))).join(", ")}
          </p>
        )}
      </div>
      {isBackwards ? (
        <div className="sp-backward">
          {undone.map((step) => (
            <Undo
              key={step.key}
              step={step}
              name={isGroup ? shortName(step.key) : step.key}
              onStep={onStep}
            />
          ))}
        </div>
      ) : null}
    </li>
  )
}

interface StepProps extends Pick<SagaPictureProps, "onStep"> {
  readonly step: SagaStep
  readonly name: string
}

const Step = ({ step, name, onStep }: StepProps) => {
  const { status, durationMs, attempts = 0, reason } = step
  return (
    <Card
      name={name}
      look={lookOf(status)}
      word={wordOf(status)}
      status={status}
      details={[
        durationMs === undefined ? "" : durationText(durationMs),
        attempts > 0 ? words.attempts(attempts) : "",
      ]}
      reason={reason}
      onClick={onStep === undefined ? undefined : () => onStep(step.key)}
    />
  )
}

/** The compensation of a step, beside the step. */
const Undo = ({ step, name, onStep }: StepProps) => {
  const { status, undoDurationMs, undoAttempts = 0 } = step
  const isEmpty = status === "compensated" && undoAttempts === 0
  const shown = status === "compensated" || status === "compensating" ? status : "failed"
  return (
    <Card
      name={words.undo(name)}
      look={isEmpty ? QUIET : shown === "compensated" ? LOOKS.done : lookOf(shown)}
      word={isEmpty ? words.nothingToUndo : wordOf(shown)}
      status={isEmpty ? "skipped" : shown}
      details={[
        undoDurationMs === undefined ? "" : durationText(undoDurationMs),
        undoAttempts > 0 ? words.attempts(undoAttempts) : "",
      ]}
      onClick={onStep === undefined ? undefined : () => onStep(step.key)}
    />
  )
}

interface CardProps {
  readonly name: string
  readonly look: Look
  readonly word: string
  readonly status: string
  readonly details: ReadonlyArray<string>
  readonly reason?: string | undefined
  readonly onClick: (() => void) | undefined
}

const Card = ({ name, look, word, status, details, reason, onClick }: CardProps) => {
  const inside = (
    <>
      <span className="sp-name">{name}</span>
      <span className="sp-status">
        <ShapeMark {...look} />
        <span>
          {[word, ...details]
            .filter((part) => part !== "")
            .map((part, index) => (
              <Fragment key={part}>
                {index > 0 && " · "}
                <span className="sp-part">{part}</span>
              </Fragment>
            ))}
        </span>
      </span>
      {reason === undefined || reason === "" ? null : <span className="sp-reason">{reason}</span>}
    </>
  )
  const className = `sp-step is-${status}`
  return onClick === undefined ? (
    <div className={className}>{inside}</div>
  ) : (
    <button type="button" className={className} onClick={onClick}>
      {inside}
    </button>
  )
}

const Arrow = ({ className, isActive }: { readonly className: string; readonly isActive: boolean }) => (
  <svg
    className={`sp-arrow ${className}${isActive ? " is-active" : ""}`}
    width="12"
    height="24"
    viewBox="0 0 12 24"
    aria-hidden="true"
  >
    {className === "sp-down" ? (
      <path d="M6 0v20M2.5 15 6 20.5 9.5 15" />
    ) : (
      <path d="M6 24V4M2.5 9 6 3.5 9.5 9" />
    )}
  </svg>
)
