/** Children of machines: where they stand, what ends with them, and how they come back. */
import type { PlantedBug } from "../PlantedBug.ts"

export const familyBugs: ReadonlyArray<PlantedBug> = [
  {
    name: "children stay where an event has led them that was not stored",
    file: "runtime/machine/MachineFamily.ts",
    text: "  if ((family.root._snapshot as unknown) !== state) family.putBack(standing)\n",
    replacement: "",
    isSeenBySimulation: true,
  },
  {
    name: "children stay where an event has led them that failed",
    file: "runtime/machine/MachineFamily.ts",
    text: "  } catch (cause) {\n    family.putBack(standing)\n",
    replacement: "  } catch (cause) {\n",
    isSeenBySimulation: false,
  },
  {
    name: "a state that is handed out has the live children",
    file: "runtime/machine/SealedState.ts",
    text: "const state = pictured(sealedState)",
    replacement: "const state = sealedState",
    isSeenBySimulation: false,
  },
  {
    name: "the timers of a child outlive it",
    file: "runtime/cell/Intents.ts",
    text: 'if (e.type === INSIDE && (e["from"] === member || e["to"] === member)) draft.timers.delete(n)',
    replacement: 'if (e.type === INSIDE && e["from"] === n) draft.timers.delete(n)',
    isSeenBySimulation: false,
  },
  {
    name: "a timer of a child brings its event to the machine itself",
    file: "runtime/machine/MachineFamily.ts",
    text: 'const member = to === "" ? root : family.memberAt(String(to))',
    replacement: "const member = root",
    isSeenBySimulation: true,
  },
  {
    name: "the call of a child is made with the logic of its machine",
    file: "runtime/machine/ChildLogic.ts",
    text: 'if (own !== undefined || !src.includes("/")) return own',
    replacement: "return own",
    isSeenBySimulation: false,
  },
  {
    name: "the end of a child's call goes to nobody",
    file: "runtime/machine/MachineFamily.ts",
    text: 'if (member?.kind === "promise") return [member, { type, data: event[field] }]',
    replacement:
      'if (member?.kind === "promise" && !member.address.includes("/")) return [member, { type, data: event[field] }]',
    isSeenBySimulation: true,
  },
  {
    name: "a snapshot forgets which children have ended",
    file: "runtime/machine/FamilyRecord.ts",
    text: "...(snapshots.has(actor) ? { isRunning: true } : undefined),",
    replacement: "isRunning: true,",
    isSeenBySimulation: false,
  },
  {
    name: "a snapshot forgets who hears of a child's snapshots",
    file: "runtime/machine/FamilyRecord.ts",
    text: "...(isSynced ? { isSynced } : undefined),",
    replacement: "",
    isSeenBySimulation: true,
  },
  {
    name: "a snapshot forgets the names in the system",
    file: "runtime/machine/FamilyRecord.ts",
    text: "...(systemId === undefined ? undefined : { systemId }),",
    replacement: "",
    isSeenBySimulation: true,
  },
  {
    name: "a snapshot forgets how many children without an id there were",
    file: "runtime/machine/FamilyRecord.ts",
    text: "return { family, standing: { snapshots, named, unnamedCount } }",
    replacement: "return { family, standing: { snapshots, named, unnamedCount: 0 * unnamedCount } }",
    isSeenBySimulation: false,
  },
  {
    name: "what a machine sends to itself is published",
    file: "runtime/machine/Machine.ts",
    text: "if (delay === undefined) this.#sentToItself.push(event as AnyEvent)",
    replacement: 'if (delay === undefined) this.#captured.push({ _tag: "Emit", event: event as AnyEvent })',
    isSeenBySimulation: false,
  },
  {
    name: "what an action sends to its actor is lost",
    file: "runtime/cell/Actions.ts",
    text: "    offer(definition, address, new WaitingCommand(signal, undefined, answered, true))\n",
    replacement: "    void [offer, definition, address, signal, answered, WaitingCommand]\n",
    isSeenBySimulation: false,
  },
]
