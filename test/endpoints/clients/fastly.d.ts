// The part of npm's fastly that is used here. The package brings no types.
declare module 'fastly' {
  type Options = Record<string, string | number>
  interface LogHeroku {
    name: string
    format_version: string
    placement: string | null
    token: string
    url: string
    version: string
  }
  interface ApiClient {
    authenticate(key: string): void
    /** What superagent's `use` takes: changes a request before it is sent. */
    plugins: ((request: { url: string }) => void)[] | null
  }
  const fastly: {
    ApiClient: { instance: ApiClient }
    LoggingHerokuApi: new () => {
      createLogHeroku(options: Options): Promise<LogHeroku>
      listLogHeroku(options: Options): Promise<LogHeroku[]>
      getLogHeroku(options: Options): Promise<LogHeroku>
      updateLogHeroku(options: Options): Promise<LogHeroku>
      deleteLogHeroku(options: Options): Promise<{ status: string }>
    }
    VersionApi: new () => {
      createServiceVersion(options: Options): Promise<{ number: number }>
      cloneServiceVersion(options: Options): Promise<{ number: number }>
      validateServiceVersion(options: Options): Promise<{ status: string }>
      activateServiceVersion(options: Options): Promise<{ active: boolean; locked: boolean }>
      deactivateServiceVersion(options: Options): Promise<{ active: boolean }>
    }
    ConditionApi: new () => {
      createCondition(options: Options): Promise<{ name: string; priority: string }>
    }
    ServiceApi: new () => {
      listServices(options: Options): Promise<{ id: string; name: string }[]>
      getServiceDetail(options: Options): Promise<{ active_version: { number: number } | null }>
    }
  }
  export = fastly
}
