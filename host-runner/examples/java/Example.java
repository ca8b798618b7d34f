// java Example.java: lists jobs, creates an application, follows the delta, over `asymbl serve`; see ../README.md
import java.net.URI;
import java.net.http.*;
import java.util.regex.Pattern;
class Example {
    static String call(String function, String parameters) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(System.getenv("SERVE_URL") + "/connector/v1/" + function))
            .header("Authorization", "Bearer " + System.getenv("SERVE_KEY"))
            .header("X-Integration-Id", System.getenv("SERVE_INTEGRATION"))
            .POST(HttpRequest.BodyPublishers.ofString(parameters)).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) System.out.println("error: " + text(answer.body(), "case"));
        return answer.body();
    }
    // The last string of that name, as JSON escapes it. A program of yours would use its JSON library.
    static String text(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*+)\"").matcher(json);
        return found.results().reduce((first, last) -> last).map(last -> last.group(1)).orElse("");
    }
    static String value; // The cursor or token of the latest page, as JSON escapes it.
    static String list(String model, String profile, String query) throws Exception {
        String pages = "", page;
        do { // One page after the other.
            page = call("reads/list-page", "{\"profile\":\"" + profile + "\",\"model\":\"" + model + "\",\"query\":{" + query + "}}");
            pages += page.replace("\\\"", "\"");
            query = "\"cursor\":\"" + (value = text(page, "value")) + "\"";
        } while (page.contains("\"case\":\"more\""));
        return pages;
    }
    public static void main(String[] arguments) throws Exception {
        String profile = text(call("reads/discover", "{}"), "profile"), jobs = list("jobs", profile, "");
        System.out.println("jobs: " + (jobs.split("\"job_code\"").length - 1));
        String all = list("applications", profile, ""), since = "\"since\":\"" + value + "\"";
        String job = text(jobs.substring(0, jobs.indexOf("\"status\":\"OPEN\"")), "remote_id"), person = "\"candidate\":{"
            + "\"first_name\":\"Jo\",\"last_name\":\"Java\",\"email_address\":\"jo@java.example\"},\"application\":{\"job_id\":\"" + job + "\"}";
        String made = text(call("actions/create-application", "{\"context\":{\"profile\":\"" + profile + "\"},\"input\":{" + person + "}}"), "application_id");
        System.out.println("created: " + made + "\nchanged: " + list("applications", profile, since).contains(made));
        list("users", "nonsense", "");
    }
}
