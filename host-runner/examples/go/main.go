// go run main.go: lists jobs, creates an application, follows the delta, over `asymbl serve`; see ../README.md
package main
import ("bytes"; "encoding/json"; "fmt"; "net/http"; "os"; "strings")
type m = map[string]any
func call(function string, parameters m) (answer m) {
	body, _ := json.Marshal(parameters)
	request, _ := http.NewRequest("POST", os.Getenv("SERVE_URL")+"/connector/v1/"+function, bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+os.Getenv("SERVE_KEY"))
	request.Header.Set("X-Integration-Id", os.Getenv("SERVE_INTEGRATION"))
	response, err := http.DefaultClient.Do(request)
	if err != nil { panic(err) }
	json.NewDecoder(response.Body).Decode(&answer)
	if response.StatusCode != 200 { fmt.Println("error:", answer["case"]) }
	return
}
// All pages of a listing: its records, and the token from which the next delta starts.
func list(profile any, model string, query m) (records []m, token any) {
	for {
		page := call("reads/list-page", m{"profile": profile, "model": model, "query": query})
		if page["records"] == nil { return }
		lines := json.NewDecoder(strings.NewReader(page["records"].(m)["lines"].(string)))
		for record := (m{}); lines.Decode(&record) == nil; record = (m{}) { records = append(records, record) }
		progress := page["info"].(m)["progress"].(m)
		if progress["case"] == "done" { return records, progress["value"] }
		query = m{"cursor": progress["value"]}
	}
}
func main() {
	profile := call("reads/discover", m{})["profile"]
	jobs, _ := list(profile, "jobs", m{})
	_, since := list(profile, "applications", m{})
	job, person := m{}, m{"first_name": "Jo", "last_name": "Go", "email_address": "jo@go.example"}
	for _, one := range jobs { if one["status"] == "OPEN" { job = one } }
	input := m{"candidate": person, "application": m{"job_id": job["remote_id"]}}
	created := call("actions/create-application", m{"context": m{"profile": profile}, "input": input})["application_id"]
	changed, _ := list(profile, "applications", m{"since": since})
	found := map[any]bool{}; for _, one := range changed { found[one["remote_id"]] = true }
	fmt.Printf("jobs: %d\ncreated: %v\nchanged: %v\n", len(jobs), created, found[created])
	list("nonsense", "users", m{})
}
