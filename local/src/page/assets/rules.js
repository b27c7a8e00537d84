// How rules are put in words.

import { page } from "./page.js";

/** EC2's icmp and numeric protocols have no ports to speak of. */
const WITH_PORTS = ["tcp", "udp"];

/** "tcp 22", "udp 500-4500", "all traffic", "icmp". */
export function ports(rule) {
  if (rule.protocol === "-1") return "all traffic";
  if (!WITH_PORTS.includes(rule.protocol)) return rule.protocol;
  return `${rule.protocol} ${rule.from_port === rule.to_port ? rule.from_port : `${rule.from_port}-${rule.to_port}`}`;
}

/** {icon, text} of where a rule lets in from: the internet, a range, a prefix list, another group by its name. */
export function sourceOf(rule, group) {
  if (rule.world) return { icon: "globe", text: "the internet" };
  if (rule.source.startsWith("pl-")) return { icon: "list", text: "a prefix list" };
  if (!rule.source.startsWith("sg-")) return { icon: "range", text: rule.source };
  if (rule.source === group.id) return { icon: "group", text: "itself" };
  const other = page.state.groups.find(({ id }) => id === rule.source);
  return { icon: "group", text: other ? `group ${other.name}` : rule.source };
}
