/**
 * The event catalog as one HTML page without scripts and without external resources; all text is escaped.
 *
 * Owns the look of the page. The content: EventCatalog.ts.
 */
import type { DomainEventEntry, EventCatalog, IntegrationEventEntry } from "./EventCatalog.ts"
import type { PayloadSchema } from "./PayloadSchema.ts"

/** The catalog as one HTML page that loads nothing else. */
export const eventCatalogPage = (catalog: EventCatalog): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Events of ${text(catalog.namespace)}</title>
<style>${style}</style>
</head>
<body>
<h1>Events of ${text(catalog.namespace)}</h1>
<h2 id="integration">Integration events</h2>
<p>Published for others as CloudEvents 1.0, at least once. Their schemas are a promise.</p>
${catalog.integrationEvents.map(integrationEvent).join("\n") || "<p>None.</p>"}
<h2 id="domain">Domain events</h2>
<p>What actors store and read again. They change with the actor, and upcasters read their older versions.</p>
${byActor(catalog.domainEvents) || "<p>None.</p>"}
${catalog.actorTypesWithoutSchemas.map(withoutSchemas).join("\n")}
</body>
</html>
`

const integrationEvent = (event: IntegrationEventEntry): string => `<article id="int.${text(event.type)}">
<h3><code>${text(event.type)}</code> <small>version ${event.version}</small></h3>
<p>${text(event.description)}</p>
<dl>
<dt>Subject</dt><dd><code>${text(event.address)}</code></dd>
<dt>Published by</dt><dd>${text(event.publishers.join(", "))}</dd>
<dt>dataschema</dt><dd><code>${text(event.dataschema)}</code></dd>
</dl>
${schemaOf(event.schema)}
${event.example === undefined ? "" : folded("Example", event.example)}
</article>`

const byActor = (events: ReadonlyArray<DomainEventEntry>): string =>
  [...Map.groupBy(events, ({ actorType }) => actorType)]
    .map(
      ([actorType, own]) =>
        `<section id="actor.${text(actorType)}">\n<h3>${text(actorType)}</h3>\n${own.map(domainEvent).join("\n")}\n</section>`,
    )
    .join("\n")

const domainEvent = ({ type, version, upcastVersions, schema }: DomainEventEntry): string => `<article>
<h4><code>${text(type)}</code> <small>version ${version}${
  upcastVersions.length === 0 ? "" : `, reads ${upcastVersions.join(", ")} through upcasters`
}</small></h4>
${schemaOf(schema)}
</article>`

const withoutSchemas = (actorType: string): string =>
  `<section id="actor.${text(actorType)}">\n<h3>${text(actorType)}</h3>\n<p>Defined by its machine alone: its events have no schemas.</p>\n</section>`

const schemaOf = (schema: PayloadSchema): string =>
  "json" in schema
    ? folded("Schema", schema.json)
    : `<p class="missing">Not expressible in JSON Schema: ${text(schema.inexpressible)}</p>`

const folded = (title: string, json: unknown): string =>
  `<details><summary>${title}</summary><pre>${text(JSON.stringify(json, null, 2))}</pre></details>`

const text = (raw: string): string => raw.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8884; border-radius: 6px; padding: 0 1rem 0.5rem; margin: 1rem 0; }
small { font-weight: normal; opacity: 0.7; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; }
pre { overflow: auto; padding: 0.5rem; background: #8881; }
.missing { opacity: 0.7; font-style: italic; }
`
