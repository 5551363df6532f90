// Every cap of the network: its reason, and what happens there.
const KIB = 1024
const MIB = 1024 * KIB

/** The largest frame of a stream: one page of deltas or a blob chunk with room to spare. More ends the stream on either side. */
export const FRAME_MAX_BYTES = 4 * MIB
/** Decoded frames that wait for their reader. From here on the sender is held back, so a slow reader costs this much. */
export const FRAMES_WAITING_MAX_BYTES = MIB
/** How long someone may wait on a silent stream. Then it ends with STREAM_IDLE. */
export const STREAM_IDLE_MS = 30_000
/**
 * With each so many bytes that have come of a frame that we asked for, or were taken, the other side has that time again: with 560 a
 * second it keeps us. A link must be faster, for what is in one message is seen together: one stream of 8 KiB a second was measured.
 */
export const STREAM_PORTION_BYTES = 16 * KIB
/**
 * What goes in one message of Yamux, which is seen at the other end when all of it is there: at first and over a slow link so much,
 * else as much as the peer took in such a time. Each message costs: of these alone a MiB would cost a quarter more.
 */
export const STREAM_MESSAGE_BYTES = 32 * KIB
export const STREAM_MESSAGE_MS = 4_000
/** Yamux window: what a peer may send on one stream before we read it. A full buffer holds the peer back. */
export const STREAM_WINDOW_MAX_BYTES = MIB
/** The peer hears of room when half of the window is used, or so much: as long as that takes it sees nothing of how far we are. */
export const ROOM_TOLD_BYTES = 64 * KIB
/** A paused stream holds at most its window; more is a protocol violation and resets the stream. */
export const STREAM_BUFFER_MAX_BYTES = 2 * STREAM_WINDOW_MAX_BYTES
/** What is written to a connection in one turn of the event loop goes together, up to so much at a time. */
export const WRITES_GATHERED_BYTES = 32 * KIB
/** Streams of one protocol that a peer may have open on one connection: sync, blobs and hello need few. More are reset. */
export const INBOUND_STREAMS_PER_PROTOCOL_MAX = 32
/** Streams of all protocols on one connection, identify and gossip included. More are reset. */
export const INBOUND_STREAMS_PER_CONNECTION_MAX = 128
/** Crossing dials make two connections to one peer; more serve nothing. The newest is closed. */
export const CONNECTIONS_PER_PEER_MAX = 3
/** Connections in all, as in the reference node. Later ones are refused. */
export const CONNECTIONS_MAX = 1024
/** Connections in the middle of their handshake: a whole run may dial at once. Later ones are refused. */
export const CONNECTIONS_PENDING_MAX = 128
/** Inbound connections per second and host. A run has all its nodes on one host, so the default of 5 would break it. */
export const CONNECTIONS_PER_SECOND_MAX = 1000
/** A handshake between two starting nodes on a busy machine takes seconds. Then the dial fails and is retried. */
export const DIAL_TIMEOUT_MS = 30_000
/** A stream's protocol negotiation. Also bounds how long one stuck peer delays the gossip streams of others. */
export const NEGOTIATE_TIMEOUT_MS = 10_000
/** A peer that has not identified itself by then does not speak our protocols: it is dropped. */
export const IDENTIFY_TIMEOUT_MS = 20_000
/** Gossip is for small news; more goes over streams. `publish` throws, an inbound message over it is dropped. */
export const MESSAGE_MAX_BYTES = MIB
/** One gossip packet may carry several messages that a peer asked for again. More ends the peer's gossip stream. */
export const GOSSIP_PACKET_MAX_BYTES = 16 * MIB
/** What waits for one peer that does not read. Over it its gossip stream, then its connection, is dropped. */
export const GOSSIP_WAITING_MAX_BYTES = 16 * MIB
/** How long the same bytes on the same topic count as one message. Outlives every path a copy can take. */
export const GOSSIP_SEEN_MS = 30_000
/** Peers that a message names as those that it went to: more than a mesh has. Of more the rest may get it twice. */
export const GOSSIP_NAMED_MAX = 8
/** After a subscription is learnt, messages go to all subscribers for this long: by then the mesh has settled. */
export const GOSSIP_FRESH_MS = 3_000
/** How often the gossip links are checked, and how long a peer may be without one, once it was tried, before it is dropped. */
export const GOSSIP_CHECK_MS = 1_000
export const GOSSIP_LINK_MISSING_MS = 10_000
/** Connections a node looks for by itself. Each costs both ends tens of ms of CPU, and three keep a ring with chords. */
export const DIAL_DEGREE = 3
/** Dials under way at once. The rest wait for the next decision. */
export const DIALS_AT_ONCE_MAX = 3
/** Known addresses, boot list aside. At the cap a newly learnt one is forgotten. */
export const SPARE_ADDRESSES_MAX = 1024
/** The longest pause after the first attempt: short, because all nodes of a run start together. */
export const RETRY_FIRST_MS = 100
/** Each pause grows by this: a peer is found within a fifth of the time it was away, and an attempt costs 2 ms of CPU. */
export const RETRY_GROWTH = 1.2
export const RETRY_MAX_MS = 5_000
/** After so many failed attempts, about 2 s, an address counts as down: others are tried in its place. */
export const RETRY_DOWN_COUNT = 10
/** The same for an edge that the other side is to dial. */
export const RETRY_EXPECTED_MS = 800
/** One attempt at an address that is not of this run's nodes; then the pause begins. */
export const STANDING_DIAL_TIMEOUT_MS = 10_000
/** Pauses between attempts at public boot nodes: at most 12 an hour at one that never answers. */
export const PUBLIC_RETRY_FIRST_MS = 5_000
export const PUBLIC_RETRY_MAX_MS = 300_000
/** The same for the boot nodes of a run, without which its nodes may not meet. */
export const BOOT_RETRY_FIRST_MS = 200
export const BOOT_RETRY_MAX_MS = 5_000
/** How often a node and a boot node tell each other what they know, beside every change; half of what a stream may be silent. */
export const BOOT_NEWS_MS = 10_000
/** Changes within this time are told together. */
export const BOOT_SETTLE_MS = 50
/** A message of circuit relay: a peer id and a few numbers. More ends the stream. */
export const CIRCUIT_MESSAGE_BYTES_MAX = 4 * KIB
export const CIRCUIT_FIELDS_MAX = 64
/** Nodes that a relay holds a place for, and how long without being asked again. Later ones are refused. */
export const RESERVATIONS_MAX = 1024
export const RESERVATION_MS = 3_600_000
/** Connections through a relay, in all and to one node. Later ones are refused. */
export const CIRCUITS_MAX = 1024
export const CIRCUITS_PER_PEER_MAX = 64
/** Addresses that a peer behind a relay is tried at. Those after them are passed over. */
export const UPGRADE_ADDRESSES_MAX = 8
/** One attempt at one of them: a router that drops what it does not know answers never. */
export const UPGRADE_DIAL_TIMEOUT_MS = 5_000
/** All of them in one attempt. Those after that are not tried. */
export const UPGRADE_TRY_TIMEOUT_MS = 20_000
/** Pauses before the attempts at one relayed connection; after the last one the relay goes on until that connection ends. */
export const UPGRADE_PAUSES_MS = [0, 5_000, 30_000] as const
/** A peer for which all of them failed is tried again, on another relayed connection, this long after the last one. */
export const UPGRADE_REST_MS = 600_000
/** Peers whose attempts are remembered, for each end of them. The oldest is forgotten. */
export const UPGRADES_MAX = 256
/** A relayed connection that another one has taken the place of is closed when so many looks have seen no stream on it. */
export const RELAYED_LOOK_MS = 250
export const RELAYED_QUIET_LOOKS = 2
/** A connection that has come in may be the one we are about to dial: wait at most this long for its identity. */
export const SETTLE_MS = 300
/** How often a connection is probed, and the silence after which it counts as dead. A busy machine pauses for seconds. */
export const PING_EVERY_MS = 15_000
export const PING_TIMEOUT_MS = 20_000
/** How often it is looked whether something came on a connection; so many looks without are that silence, behind the pause of a probe. */
export const QUIET_LOOK_MS = 5_000
export const QUIET_LOOKS_MAX = (PING_EVERY_MS + PING_TIMEOUT_MS) / QUIET_LOOK_MS
/** A DHT query may take this long where the caller sets no limit. */
export const DHT_TIMEOUT_MS = 10_000
/** Providers looked for before an answer is given. */
export const PROVIDERS_MAX = 20
/** Simulated only: how long a dial across a partition takes to fail, and a lost packet of a stream to be sent again. */
export const SIMULATED_DIAL_TIMEOUT_MS = 2_000
export const SIMULATED_RESEND_MS = 200
/** How often `meshReady` looks by itself: what it waits for mostly has an event. */
export const MESH_POLL_MS = 250
/** What closing connections gracefully may take; then they are cut. */
export const CLOSE_TIMEOUT_MS = 300

/** Peer ids whose keys are remembered, and keys whose peer ids are. Full: all are forgotten, and made again when they are needed. */
export const PEER_KEYS_MAX = 4096
