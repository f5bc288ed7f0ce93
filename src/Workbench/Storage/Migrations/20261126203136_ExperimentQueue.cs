using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.Migrations
{
    /// <inheritdoc />
    public partial class ExperimentQueue : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "QueueOrder",
                table: "Experiments",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "QueueOrder",
                table: "Experiments");
        }
    }
}
