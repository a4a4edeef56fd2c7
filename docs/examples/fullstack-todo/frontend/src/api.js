// The four things the API can do. Each answers with what the server now has, or throws.

const TASKS = "/api/tasks";

async function request(path, method = "GET", body) {
  const response = await fetch(path, {
    method,
    headers: body && { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

export const listTasks = () => request(TASKS);
export const addTask = (title) => request(TASKS, "POST", { title });
export const changeTask = (id, change) => request(`${TASKS}/${id}`, "PATCH", change);
export const deleteTask = (id) => request(`${TASKS}/${id}`, "DELETE");
