/** Reputation texts: services joined by `::`, each `name:label:value` with optional categories. */

export interface Category {
  readonly name: string;
  readonly group: string;
}

export interface Reputation {
  readonly service: string;
  readonly label: string;
  /** 3 high, 2 medium, 1 low, 0 none, -1 unknown. */
  readonly value: number;
  readonly categories: readonly Category[];
}

const SERVICE = /^([^:]*):(.*?):(-?\d+)(?::(.*))?$/s;

function categories(text: string | undefined): Category[] {
  if (!text) return [];
  return text.split(";").map((item) => {
    const [name = "", group = ""] = item.split("|");
    return { name, group };
  });
}

/** Reads a reputation text; parts that are not of the form are left out. */
export function parseReputation(text: string | null | undefined): Reputation[] {
  if (!text) return [];
  return text.split(/::(?=[\w.-]+:)/).flatMap((part) => {
    const match = SERVICE.exec(part);
    if (match === null) return [];
    const value = Number(match[3]);
    const known = value >= 1 && value <= 3 ? value : value === 0 ? 0 : -1;
    return [{ service: match[1] as string, label: match[2] as string, value: known, categories: categories(match[4]) }];
  });
}

/** The highest value over the services; -1 when there are none. */
export function highest(services: readonly Reputation[]): number {
  return services.reduce((top, service) => Math.max(top, service.value), -1);
}

/** One line per service, for tooltips and facts: `GTI High`. */
export function reputationText(services: readonly Reputation[]): string {
  return services.map((service) => `${service.service.toUpperCase()} ${service.label}`).join(", ");
}
