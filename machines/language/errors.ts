/**
 * The error table: every error that a client can meet, with its gRPC code and exact text (reference 1.0.1; clients
 * match on the text). Texts without an etcd original begin with `quorate: `.
 */

/** gRPC's codes that are in use, each with the HTTP number grpc-gateway gives it. */
export const httpStatus = {
  Aborted: 409,
  Canceled: 499,
  DataLoss: 500,
  DeadlineExceeded: 504,
  FailedPrecondition: 400,
  Internal: 500,
  InvalidArgument: 400,
  NotFound: 404,
  OutOfRange: 400,
  PermissionDenied: 403,
  ResourceExhausted: 429,
  Unauthenticated: 401,
  Unavailable: 503,
  Unimplemented: 501,
  Unknown: 500,
} as const;
export type ErrorCode = keyof typeof httpStatus;

export const errors = {
  EmptyKey: { code: 'InvalidArgument', message: 'etcdserver: key is not provided' },
  KeyNotFound: { code: 'InvalidArgument', message: 'etcdserver: key not found' },
  ValueProvided: { code: 'InvalidArgument', message: 'etcdserver: value is provided' },
  LeaseProvided: { code: 'InvalidArgument', message: 'etcdserver: lease is provided' },
  TooManyOps: { code: 'InvalidArgument', message: 'etcdserver: too many operations in txn request' },
  DuplicateKey: { code: 'InvalidArgument', message: 'etcdserver: duplicate key given in txn request' },
  InvalidClientAPIVersion: { code: 'InvalidArgument', message: 'etcdserver: invalid client api version' },
  InvalidSortOption: { code: 'InvalidArgument', message: 'etcdserver: invalid sort option' },
  Compacted: { code: 'OutOfRange', message: 'etcdserver: mvcc: required revision has been compacted' },
  FutureRev: { code: 'OutOfRange', message: 'etcdserver: mvcc: required revision is a future revision' },
  NoSpace: { code: 'ResourceExhausted', message: 'etcdserver: mvcc: database space exceeded' },
  LeaseNotFound: { code: 'NotFound', message: 'etcdserver: requested lease not found' },
  LeaseExist: { code: 'FailedPrecondition', message: 'etcdserver: lease already exists' },
  LeaseTTLTooLarge: { code: 'OutOfRange', message: 'etcdserver: too large lease TTL' },
  WatchCanceled: { code: 'Canceled', message: 'etcdserver: watch canceled' },
  MemberExist: { code: 'FailedPrecondition', message: 'etcdserver: member ID already exist' },
  PeerURLExist: { code: 'FailedPrecondition', message: 'etcdserver: Peer URLs already exists' },
  MemberNotEnoughStarted: {
    code: 'FailedPrecondition',
    message: 'etcdserver: re-configuration failed due to not enough started members',
  },
  MemberBadURLs: { code: 'InvalidArgument', message: 'etcdserver: given member URLs are invalid' },
  MemberNotFound: { code: 'NotFound', message: 'etcdserver: member not found' },
  MemberNotLearner: { code: 'FailedPrecondition', message: 'etcdserver: can only promote a learner member' },
  LearnerNotReady: {
    code: 'FailedPrecondition',
    message: 'etcdserver: can only promote a learner member which is in sync with leader',
  },
  TooManyLearners: { code: 'FailedPrecondition', message: 'etcdserver: too many learner members in cluster' },
  ClusterIDMismatch: { code: 'FailedPrecondition', message: 'etcdserver: cluster ID mismatch' },
  RequestTooLarge: { code: 'InvalidArgument', message: 'etcdserver: request is too large' },
  RequestTooManyRequests: { code: 'ResourceExhausted', message: 'etcdserver: too many requests' },
  RootUserNotExist: { code: 'FailedPrecondition', message: 'etcdserver: root user does not exist' },
  RootRoleNotExist: { code: 'FailedPrecondition', message: 'etcdserver: root user does not have root role' },
  UserAlreadyExist: { code: 'FailedPrecondition', message: 'etcdserver: user name already exists' },
  UserEmpty: { code: 'InvalidArgument', message: 'etcdserver: user name is empty' },
  UserNotFound: { code: 'FailedPrecondition', message: 'etcdserver: user name not found' },
  RoleAlreadyExist: { code: 'FailedPrecondition', message: 'etcdserver: role name already exists' },
  RoleNotFound: { code: 'FailedPrecondition', message: 'etcdserver: role name not found' },
  RoleEmpty: { code: 'InvalidArgument', message: 'etcdserver: role name is empty' },
  AuthFailed: { code: 'InvalidArgument', message: 'etcdserver: authentication failed, invalid user ID or password' },
  PermissionNotGiven: { code: 'InvalidArgument', message: 'etcdserver: permission not given' },
  PermissionDenied: { code: 'PermissionDenied', message: 'etcdserver: permission denied' },
  RoleNotGranted: { code: 'FailedPrecondition', message: 'etcdserver: role is not granted to the user' },
  PermissionNotGranted: { code: 'FailedPrecondition', message: 'etcdserver: permission is not granted to the role' },
  AuthNotEnabled: { code: 'FailedPrecondition', message: 'etcdserver: authentication is not enabled' },
  InvalidAuthToken: { code: 'Unauthenticated', message: 'etcdserver: invalid auth token' },
  InvalidAuthMgmt: { code: 'InvalidArgument', message: 'etcdserver: invalid auth management' },
  AuthOldRevision: { code: 'InvalidArgument', message: 'etcdserver: revision of auth store is old' },
  NoLeader: { code: 'Unavailable', message: 'etcdserver: no leader' },
  NotLeader: { code: 'FailedPrecondition', message: 'etcdserver: not leader' },
  LeaderChanged: { code: 'Unavailable', message: 'etcdserver: leader changed' },
  NotCapable: { code: 'FailedPrecondition', message: 'etcdserver: not capable' },
  Stopped: { code: 'Unavailable', message: 'etcdserver: server stopped' },
  Timeout: { code: 'Unavailable', message: 'etcdserver: request timed out' },
  TimeoutDueToLeaderFail: {
    code: 'Unavailable',
    message: 'etcdserver: request timed out, possibly due to previous leader failure',
  },
  TimeoutDueToConnectionLost: {
    code: 'Unavailable',
    message: 'etcdserver: request timed out, possibly due to connection lost',
  },
  TimeoutWaitAppliedIndex: {
    code: 'Unavailable',
    message: 'etcdserver: request timed out, waiting for the applied index took too long',
  },
  Unhealthy: { code: 'Unavailable', message: 'etcdserver: unhealthy cluster' },
  Corrupt: { code: 'DataLoss', message: 'etcdserver: corrupt cluster' },
  NotSupportedForLearner: { code: 'FailedPrecondition', message: 'etcdserver: rpc not supported for learner' },
  BadLeaderTransferee: { code: 'FailedPrecondition', message: 'etcdserver: bad leader transferee' },
  WrongDowngradeVersionFormat: {
    code: 'InvalidArgument',
    message: 'etcdserver: wrong downgrade target version format',
  },
  InvalidDowngradeTargetVersion: { code: 'InvalidArgument', message: 'etcdserver: invalid downgrade target version' },
  ClusterVersionUnavailable: {
    code: 'FailedPrecondition',
    message: 'etcdserver: cluster version not found during downgrade',
  },
  DowngradeInProcess: { code: 'FailedPrecondition', message: 'etcdserver: cluster has a downgrade job in progress' },
  NoInflightDowngrade: { code: 'FailedPrecondition', message: 'etcdserver: no inflight downgrade job' },
  Canceled: { code: 'Canceled', message: 'etcdserver: request canceled' },
  DeadlineExceeded: { code: 'DeadlineExceeded', message: 'etcdserver: context deadline exceeded' },
  /* Of locks and elections. */
  SessionExpired: { code: 'Unknown', message: 'mutex: session is expired' },
  LockHeld: { code: 'Unknown', message: 'mutex: Locked by another session' },
  LockReleased: { code: 'Unknown', message: 'mutex: lock has already been released' },
  ElectionNotLeader: { code: 'Unknown', message: 'election: not leader' },
  ElectionNoLeader: { code: 'Unknown', message: 'election: no leader' },
  /* Quorate's own. */
  RequestExpired: { code: 'Aborted', message: 'quorate: request expired: its outcome is no longer remembered' },
  RequestIdReused: { code: 'InvalidArgument', message: 'quorate: request id was used for another request' },
  AnswerTooLarge: { code: 'ResourceExhausted', message: 'quorate: the answer is too large for one message; use limit' },
} as const satisfies Record<string, { code: ErrorCode; message: string }>;

export type ErrorName = keyof typeof errors;

/** An error for a client: code and text of the table, or `quorate: …` of our own making. */
export class QuorateError extends Error {
  override readonly name = 'QuorateError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The request may have been applied: it was appended, and its outcome is unknown. */
    readonly maybe_applied = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The table's error of that name. */
export function errorOf(name: ErrorName, maybe_applied = false): QuorateError {
  return new QuorateError(errors[name].code, errors[name].message, maybe_applied);
}

/** Bad input that etcd has no text for. */
export const badRequest = (what: string): QuorateError => new QuorateError('InvalidArgument', `quorate: ${what}`);
