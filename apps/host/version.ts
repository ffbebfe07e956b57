/** What the agent calls itself in enrolments and heartbeats. */
export const agentVersion = '0.1.0'
