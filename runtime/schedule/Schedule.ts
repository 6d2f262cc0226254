/**
 * Schedules: a command to an actor at a certain time, or repeated by a cron expression.
 *
 * Owns an actor type of the runtime's own, one actor for each schedule. So a schedule is as durable as an
 * order, and a cancelled schedule never fires. Every run is a message to the receiver. Who sets schedules:
 * ../system/ActorRef.ts.
 */
import { Cron, Result, Schema } from "effect"
import { assign, enqueueActions, setup } from "xstate"
import { defineActor } from "../definition/Actor.ts"
import { reject } from "../definition/Decision.ts"
import { type AnyEvent, defineEvent, type EventOf } from "../event/Event.ts"
import { dispatch, type Outgoing } from "../message/Outgoing.ts"

/** Type of the actors that keep schedules; no other actor may have this type. */
export const SCHEDULE_TYPE = "everstate-schedule"

const Payload = Schema.Struct({ type: Schema.String, rest: Schema.Record(Schema.String, Schema.Unknown) })

const Plan = {
  /** `type/token` of the receiver. */
  to: Schema.String,
  command: Payload,
  /** Time of the first run, Unix milliseconds. */
  atMs: Schema.Number,
  /** Cron expression of five or six fields; absent for a single run. */
  cron: Schema.optionalKey(Schema.String),
  /** IANA name of the cron expression's time zone; UTC if absent. */
  zone: Schema.optionalKey(Schema.String),
}

const events = {
  ScheduleSet: defineEvent(Schema.Struct({ ...Plan, setAtMs: Schema.Number })),
  ScheduleCleared: defineEvent(Schema.Struct({})),
}

interface ScheduleContext {
  readonly to: string
  readonly command: typeof Payload.Type
  readonly cron: string | undefined
  readonly zone: string | undefined
  /** Time of the next run, Unix milliseconds. */
  readonly nextAtMs: number
  readonly runCount: number
}

/** The event of the timer; the runtime adds the time at which it fired. */
interface Due {
  readonly type: "everstate.due"
  readonly firedAtMs: number
}

/** The first time after `afterMs` by a cron expression, or why there is none. */
export const nextRunMs = (
  cron: string,
  zone: string | undefined,
  afterMs: number,
): Result.Result<number, string> => {
  const parsed = Cron.parse(cron, zone ?? "UTC")
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure.message)
  try {
    return Result.succeed(Cron.next(parsed.success, new Date(afterMs)).getTime())
  } catch (cause) {
    return Result.fail(`it names no time: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** The run after the one that was due; `undefined` if there is none. Missed runs are not made up for. */
const nextAfter = ({ cron, zone }: ScheduleContext, firedAtMs: number): number | undefined => {
  if (cron === undefined) return undefined
  const next = nextRunMs(cron, zone, firedAtMs)
  return Result.isSuccess(next) ? next.success : undefined
}

const machine = setup({
  types: {} as { context: ScheduleContext; events: EventOf<typeof events> | Due },
}).createMachine({
  context: {
    to: "",
    command: { type: "", rest: {} },
    cron: undefined,
    zone: undefined,
    nextAtMs: 0,
    runCount: 0,
  },
  initial: "unset",
  on: {
    ScheduleSet: {
      target: ".waiting",
      actions: [
        assign(({ event: { to, command, atMs, cron, zone } }) => ({
          to,
          command,
          cron,
          zone,
          nextAtMs: atMs,
          runCount: 0,
        })),
        enqueueActions(({ enqueue, event }) => {
          enqueue.cancel("due")
          enqueue.raise({ type: "everstate.due" } as Due, { id: "due", delay: event.atMs - event.setAtMs })
        }),
      ],
    },
  },
  states: {
    unset: {},
    waiting: {
      on: {
        ScheduleCleared: { target: "unset", actions: enqueueActions(({ enqueue }) => enqueue.cancel("due")) },
        "everstate.due": [
          {
            guard: ({ context, event }) => nextAfter(context, event.firedAtMs) !== undefined,
            actions: [
              dispatch(({ context }) => runOf(context)),
              assign(({ context, event }) => ({
                nextAtMs: nextAfter(context, event.firedAtMs) as number,
                runCount: context.runCount + 1,
              })),
              enqueueActions(({ enqueue, context, event }) =>
                enqueue.raise({ type: "everstate.due" } as Due, {
                  id: "due",
                  delay: context.nextAtMs - event.firedAtMs,
                }),
              ),
            ],
          },
          {
            target: "unset",
            actions: [
              dispatch(({ context }) => runOf(context)),
              assign({ runCount: ({ context }) => context.runCount + 1 }),
            ],
          },
        ],
      },
    },
  },
})

const runOf = ({ to, command }: ScheduleContext): Outgoing => ({
  _tag: "Tell",
  key: to,
  command: { type: command.type, ...command.rest } as AnyEvent,
  afterMs: undefined,
})

export const Schedule = defineActor({
  type: SCHEDULE_TYPE,
  machine,
  events,
  commands: {
    Set: {
      schema: Schema.Struct(Plan),
      decide: ({ command: { type: _, ...plan }, nowMs }) => ({
        type: "ScheduleSet" as const,
        ...plan,
        setAtMs: nowMs,
      }),
    },
    Clear: {
      schema: Schema.Struct({}),
      decide: ({ state }) =>
        state.matches("waiting") ? { type: "ScheduleCleared" as const } : reject("NotSet"),
    },
  },
})
