// What live tails count; /metrics shows each as `culvert_viewer_…_total`.

export class TailCounters {
  tailLines = 0
  /** Once for all readers of a resource. */
  tailLinesParsed = 0
  tailSkipped = 0
  tailsEnded = 0
  tailsRefused = 0
  tailLooksFailed = 0
}
