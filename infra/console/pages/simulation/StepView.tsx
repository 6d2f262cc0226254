/** One step of a simulated run: its words, the steps that led to it, and those that it led to. */
import { CopyButton } from "../../parts/CopyButton.tsx"
import { text } from "../../text/English.ts"
import { indexOfStep, type Run, type Step } from "./RunSteps.ts"
import { Glyph } from "./StepGlyph.tsx"

const words = text.simulation.steps

/** Steps that are listed before and after the chosen one. */
const LISTED_MAX = 8

interface Props {
  readonly run: Run
  readonly step: Step
  readonly onChoose: (step: Step) => void
}

const stepOf = ({ steps }: Run, number: number): Step | undefined => {
  const found = steps[indexOfStep(steps, number)]
  return found?.number === number ? found : undefined
}

/** The causes of a step, the nearest first. */
const causesOf = (run: Run, { cause }: Step): ReadonlyArray<Step> => {
  const causes: Array<Step> = []
  let next = stepOf(run, cause)
  while (next !== undefined && causes.length < LISTED_MAX) {
    causes.push(next)
    next = stepOf(run, next.cause)
  }
  return causes
}

export const StepView = ({ run, step, onChoose }: Props) => {
  const causes = causesOf(run, step)
  const effects = run.steps.filter(({ cause }) => cause === step.number)
  return (
    <div className="stack sim-step">
      <div className="row">
        <Glyph kind={step.kind} />
        <h3>{words.step(step.number)}</h3>
        <span className="badge">{words.kind[step.kind]}</span>
        <span className="quiet number">
          {step.place} · {step.atMs.toFixed(3)} ms
        </span>
      </div>
      <div className="twin">
        <pre>{step.what}</pre>
        <CopyButton value={step.what} label={words.step(step.number)} />
      </div>
      <Listed title={words.cameFrom} steps={causes} none={words.noCause} onChoose={onChoose} />
      <Listed title={words.ledTo} steps={effects} none={words.noEffect} onChoose={onChoose} />
    </div>
  )
}

interface ListedProps {
  readonly title: string
  readonly steps: ReadonlyArray<Step>
  readonly none: string
  readonly onChoose: (step: Step) => void
}

const Listed = ({ title, steps, none, onChoose }: ListedProps) => (
  <div className="stack">
    <h4>{title}</h4>
    {steps.length === 0 ? (
      <p className="quiet">{none}</p>
    ) : (
      <ul className="plain-list">
        {steps.slice(0, LISTED_MAX).map((one) => (
          <li key={one.number} className="row sim-what">
            <span className="number quiet">{one.number}</span>
            <Glyph kind={one.kind} />
            <button type="button" className="link mono" onClick={() => onChoose(one)} title={one.what}>
              {one.place}: {one.words}
            </button>
          </li>
        ))}
        {steps.length > LISTED_MAX && <li className="quiet">{words.more(steps.length - LISTED_MAX)}</li>}
      </ul>
    )}
  </div>
)
