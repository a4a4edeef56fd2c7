-- What wrk sends; the environment says what that is.
wrk.headers["Authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN")
if os.getenv("LOAD_BODY") then
  wrk.method = "POST"
  wrk.body = os.getenv("LOAD_BODY")
  wrk.headers["Content-Type"] = "application/json"
end
